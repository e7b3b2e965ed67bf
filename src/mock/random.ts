/** Chance from a seed: the same seed, the same bytes on every machine. */
import { base, en, Faker, generateMersenne32Randomizer } from "@faker-js/faker";
import type { Random } from "../lib/random.ts";

/** Streams of their own, so that what one draws changes nothing for another. */
const STREAMS = { rows: 1, requests: 2, faults: 3, business: 4 } as const;
type Stream = keyof typeof STREAMS;

const randomizer = (seed: number, stream: Stream) => {
  const generator = generateMersenne32Randomizer();
  generator.seed([seed, STREAMS[stream]]);
  return generator;
};

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

/** A number from 0 to 1, drawn anew at each call. */
export function seededChance(seed: number, stream: Stream): () => number {
  const generator = randomizer(seed, stream);
  return () => generator.next();
}

/** Names, choices and sentences from a seed. */
export const seededFaker = (seed: number): Faker =>
  new Faker({ locale: [en, base], randomizer: randomizer(seed, "business") });
