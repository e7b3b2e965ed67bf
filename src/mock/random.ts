/** Random values from a seed: the same seed gives the same values on every machine. */
import { base, en, Faker, generateMersenne32Randomizer } from "@faker-js/faker";
import type { Random } from "../lib/random.ts";

/** Each purpose has its own stream, so a draw from one does not change the others. */
const STREAMS = { rows: 1, requests: 2, faults: 3, business: 4 } as const;
type Stream = keyof typeof STREAMS;

const randomizer = (seed: number, stream: Stream) => {
  const generator = generateMersenne32Randomizer();
  generator.seed([seed, STREAMS[stream]]);
  return generator;
};

/** Creates a source of random bytes. */
export function seededRandom(seed: number, stream: Stream): Random {
  const generator = randomizer(seed, stream);
  return {
    bytes(length) {
      const bytes = new Uint8Array(length);
      for (let i = 0; i < length; i += 4) {
        const word = Math.floor(generator.next() * 2 ** 32);
        for (let j = i; j < Math.min(length, i + 4); j += 1) bytes[j] = word >>> (8 * (j - i));
      }
      return bytes;
    },
  };
}

/** Creates a function that returns the next random number from 0 to 1. */
export function seededChance(seed: number, stream: Stream): () => number {
  const generator = randomizer(seed, stream);
  return () => generator.next();
}

/** Creates the faker that the business of a mock is made with. */
export const seededFaker = (seed: number): Faker =>
  new Faker({ locale: [en, base], randomizer: randomizer(seed, "business") });
