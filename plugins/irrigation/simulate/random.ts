/** Chance that comes out the same for the same seed. */

/** @returns numbers from 0 to below 1. */
export type Random = () => number;

/** A xorshift generator of 32 bits: enough for weather. */
export function randomOf(seed: number): Random {
  let state = Math.imul(seed + 1, 0x9e3779b1) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** About normally distributed, mean 0, deviation 1. */
export function spread(random: Random): number {
  return random() + random() + random() + random() - 2;
}
