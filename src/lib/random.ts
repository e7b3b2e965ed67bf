/** Randomness as an argument: the real server uses the operating system's source, a mock its seed. */

export interface Random {
  /** `length` random bytes. */
  bytes(length: number): Uint8Array;
}

const POOL_BYTES = 4096;

/** The operating system's source, read in larger blocks because each read has the same cost. No byte is used twice. */
export const systemRandom: Random = {
  bytes(length) {
    if (length > POOL_BYTES) return crypto.getRandomValues(new Uint8Array(length));
    if (pool.length < length) pool = crypto.getRandomValues(new Uint8Array(POOL_BYTES));
    const drawn = pool.subarray(0, length);
    pool = pool.subarray(length);
    return drawn;
  },
};

let pool = new Uint8Array(0);
