/** Chance as an argument: the real server draws from the operating system, a mock from its seed. */

export interface Random {
  /** `length` random bytes. */
  bytes(length: number): Uint8Array;
}

export const systemRandom: Random = {
  bytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
};
