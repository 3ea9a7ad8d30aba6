/** What the harness asks the generator for, and what it gets; both travel over the IPC channel as JSON. */
import type { Shares } from '../machine.ts';

export type LoadSpec =
  | {
      readonly kind: 'message';
      readonly connections: number;
      /** Messages on their way per connection. */
      readonly inFlight: number;
      /** Of a message in the JSON envelope. */
      readonly bytes: number;
    }
  | {
      readonly kind: 'latency';
      readonly connections: number;
      readonly bytes: number;
      /** Messages a second over all connections, sent whether or not answers come. */
      readonly rate: number;
      /** The value: this share of the round trips took no longer. */
      readonly percentile: 0.5 | 0.99;
      /**
       * Leaves its core to others between two milliseconds: the round trip counts from when a message was sent, not from when it was
       * due. Default: it uses all of the core.
       */
      readonly yields?: boolean;
    }
  | {
      readonly kind: 'fanout';
      readonly subscribers: number;
      readonly bytes: number;
      /** Sessions that subscribe as well and may not get the news. Default: none. */
      readonly others?: number;
    }
  | { readonly kind: 'chat'; readonly members: number; readonly bytes: number }
  | { readonly kind: 'http'; readonly method: 'GET' | 'POST'; readonly connections: number }
  | {
      readonly kind: 'telemetry';
      readonly controllers: number;
      /** Readings on their way per controller. */
      readonly inFlight: number;
      readonly dashboards: number;
    }
  | {
      readonly kind: 'grid';
      readonly connections: number;
      /** Rows and columns. */
      readonly side: number;
    };

/** Where the load goes. */
export interface Target {
  readonly port: number;
  readonly serverPid: number;
  /** Of the WebSocket or of the route. */
  readonly path: string;
  readonly protocol: 'json' | 'chat' | 'topics' | 'walker' | 'socket.io';
}

/** Seconds under load before the measurement, and of it. */
export interface Timing {
  readonly warmup: number;
  readonly seconds: number;
}

export type Job =
  | { readonly do: 'load'; readonly load: LoadSpec; readonly target: Target; readonly timing: Timing }
  /** Sends a day of a season. @returns as value how many readings that are. */
  | { readonly do: 'day'; readonly day: number; readonly target: Target }
  /** Opens idle connections and keeps them. */
  | { readonly do: 'hold'; readonly count: number; readonly target: Target }
  /** Closes them. @returns as value how many were still open. */
  | { readonly do: 'release' };

export interface Sample {
  /** In the unit of its scenario. */
  readonly value: number;
  /** What else is worth keeping, by a name that says its unit. */
  readonly detail: Readonly<Record<string, number>>;
  /** Undefined where processor time does not matter to the value. */
  readonly shares?: Shares;
}

export type Outcome = { readonly sample: Sample } | { readonly error: string };
