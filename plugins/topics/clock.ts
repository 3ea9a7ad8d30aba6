/** Time, as far as topics wait for it: tests bring a clock of their own. */
export interface Clock {
  /** Ms; never goes back. */
  now(): number;
  /** Runs `run` once after so many ms. @returns calls it off. */
  after(ms: number, run: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};
