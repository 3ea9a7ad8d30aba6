/** What one run may use up: the limits, their defaults, and how a walker's specs tighten them. */
import { Type } from '../../../core/index.ts';

export interface RunLimits {
  /** Milliseconds of running. */
  readonly cpuMs: number;
  /** Milliseconds from beginning to end, waiting for the graph included. */
  readonly wallMs: number;
  /** Megabytes of the isolate's memory, at least 8. All walkers of a file with the same limit share an isolate. */
  readonly heapMb: number;
  readonly reports: number;
  /** Characters of all reports as JSON, and of a response's body. */
  readonly reportBytes: number;
  readonly notifications: number;
  /** Characters of all notifications. */
  readonly notificationBytes: number;
  /** Nodes and edges read. */
  readonly reads: number;
  /** Nodes and edges created, changed and deleted. */
  readonly writes: number;
  /** Characters of all that is stored, as JSON. */
  readonly writeBytes: number;
  readonly logLines: number;
  /** Calls of functions that plugins offer. */
  readonly calls: number;
  /** Characters of their arguments and results as JSON. */
  readonly callBytes: number;
}

export const DEFAULT_LIMITS: RunLimits = {
  cpuMs: 1_000,
  wallMs: 5_000,
  heapMb: 64,
  reports: 10_000,
  reportBytes: 4_000_000,
  notifications: 1_000,
  notificationBytes: 4_000_000,
  reads: 20_000,
  writes: 10_000,
  writeBytes: 4_000_000,
  logLines: 200,
  calls: 1_000,
  callBytes: 1_000_000,
};

/** Of options and of `specs.limits`. */
export const LimitsSchema = Type.Partial(
  Type.Object({
    cpuMs: Type.Integer({ minimum: 1, maximum: 3_600_000 }),
    wallMs: Type.Integer({ minimum: 1, maximum: 3_600_000 }),
    heapMb: Type.Integer({ minimum: 8, maximum: 4_096 }),
    reports: Type.Integer({ minimum: 0 }),
    reportBytes: Type.Integer({ minimum: 2, maximum: 32_000_000 }),
    notifications: Type.Integer({ minimum: 0 }),
    notificationBytes: Type.Integer({ minimum: 0, maximum: 32_000_000 }),
    reads: Type.Integer({ minimum: 0 }),
    writes: Type.Integer({ minimum: 0 }),
    writeBytes: Type.Integer({ minimum: 2, maximum: 32_000_000 }),
    logLines: Type.Integer({ minimum: 0, maximum: 100_000 }),
    calls: Type.Integer({ minimum: 0, maximum: 100_000 }),
    callBytes: Type.Integer({ minimum: 0, maximum: 32_000_000 }),
  }),
  { additionalProperties: false },
);

/** The lower of each two limits. */
export function tighten(limits: RunLimits, wanted: Partial<RunLimits> = {}): RunLimits {
  const lower = (name: keyof RunLimits) => Math.min(limits[name], wanted[name] ?? limits[name]);
  return {
    cpuMs: lower('cpuMs'),
    wallMs: lower('wallMs'),
    heapMb: lower('heapMb'),
    reports: lower('reports'),
    reportBytes: lower('reportBytes'),
    notifications: lower('notifications'),
    notificationBytes: lower('notificationBytes'),
    reads: lower('reads'),
    writes: lower('writes'),
    writeBytes: lower('writeBytes'),
    logLines: lower('logLines'),
    calls: lower('calls'),
    callBytes: lower('callBytes'),
  };
}
