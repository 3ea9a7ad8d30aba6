/** What walkers may call of irrigation: `specs: { grants: ['irrigation'] }`. */
declare module 'hub:walker' {
  interface IrrigationReading {
    readonly controller: string;
    readonly event: string;
    /** Unix ms when the hub received it, and when it was made as far as the hub can tell. */
    readonly received_at: number;
    readonly at: number;
    /** Milliseconds since it was made. */
    readonly age: number;
    /** Older than the interval of its sensor: not to be taken for the present. */
    readonly stale: boolean;
    /** Why it cannot be true. */
    readonly mark?: 'range' | 'rate';
    readonly record: number;
    readonly value: number;
    readonly unit: string;
  }
  /** Without readings there are no `min`, `mean` and `max`. */
  interface IrrigationWindow {
    readonly min?: number;
    readonly mean?: number;
    readonly max?: number;
    readonly count: number;
    /** Readings that cannot be true; they are in none of the others. */
    readonly marked: number;
  }
  interface IrrigationOutcome {
    readonly id: string;
    /** `waiting`: the controller is offline; the command holds until it expires. */
    readonly state: 'sent' | 'waiting' | 'expired';
  }
  interface Grants {
    irrigation: {
      /** The latest reading of each sensor: of all controllers, or of one; of all events, or of one. */
      latest(given: { controller?: string; event?: string }): readonly IrrigationReading[];
      /** Minimum, mean, maximum and count of the last minutes, the present one included. */
      window(given: { controller: string; event: string; minutes: number }): IrrigationWindow;
      /** Opens valves; the hub closes them after so many seconds. */
      start(given: { controller: string; zones: string[]; seconds: number }): IrrigationOutcome;
      /** Closes valves. */
      stop(given: { controller: string; zones: string[] }): IrrigationOutcome;
    };
  }
}

export {};
