/** What a scenario is, and what several have in common. */
import type { Contender, Measure } from './measures.ts';

export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly unit: Unit;
  readonly measure: Measure;
  /** Name of the contender all others are divided by. */
  readonly baseline: string;
  readonly contenders: readonly Contender[];
  readonly targets: readonly Goal[];
  /** No more rounds than this, where one takes long. Default: as many as were asked for. */
  readonly rounds?: number;
}

/** How values are shown, and whether more of it is better. */
export type Unit = '/s' | 'µs' | 'ms' | 'B';

/** Bounds of the ratio `contender` / `of`, or in `plus` of how much more the contender may take. */
export interface Goal {
  readonly contender: string;
  readonly of: string;
  readonly atLeast?: number;
  readonly atMost?: number;
  /** In the scenario's unit. */
  readonly plus?: number;
}

export const UWS = new URL('./servers/uws.ts', import.meta.url);
export const SOCKETIO = new URL('./servers/socketio.ts', import.meta.url);
export const MESSAGE_BYTES = 120;
export const CONNECTIONS = 100;
