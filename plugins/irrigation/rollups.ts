/**
 * Rollups: what a season of readings comes to, so that nobody has to read all of them. They are written some time after the
 * rows, together with the number of the last row that is in them; what a killed hub left out is read again from the log.
 */
import { setImmediate } from 'node:timers/promises';
import type { Change, Collection, Log, PluginStore } from '../../core/index.ts';
import {
  type Bucket,
  type Chunk,
  emptyBucket,
  fromChunk,
  LEVELS,
  type Level,
  merge,
  toChunk,
} from './buckets.ts';
import type { History, Row } from './history.ts';
import { Runs } from './runs.ts';

/** Runs of readings that wait at most, of all series, before they are written. */
const MAX_WAITING = 50_000;
/** Runs that wait at most while the store does not take them; then their rows are left to be read again from the log. */
const MAX_KEPT = 200_000;
/** Documents read or series written before others get their turn. */
const STEP = 50;
/** Documents of minutes that an answer may need: with hours and days it never comes to that. */
const MAX_CHUNKS = 2_000;

interface Waiting {
  /** Sequence number of the last block of rows. */
  through: number;
  readonly runs: Runs;
}

interface Head {
  readonly through: number;
}

export class Rollups {
  readonly #documents: Collection<Chunk | Head>;
  /** Then every hub makes up for the rows of all of them, from the log. */
  readonly #isShared: boolean;
  readonly #history: History;
  readonly #log: Log;
  #waiting = new Map<string, Waiting>();
  #count = 0;
  /** Series whose rows have to be read again from the log. */
  readonly #behind = new Set<string>();
  /** Up to which block the log was read again: what is added later may be of before. */
  readonly #reached = new Map<string, number>();
  #writing: Promise<void> = Promise.resolve();

  constructor(store: PluginStore, history: History, log: Log) {
    this.#documents = store.collection('rollups');
    this.#isShared = store.isShared;
    this.#history = history;
    this.#log = log;
  }

  /** The next flush takes in what a hub that was killed left out. Only for the process that serves: there may be one. */
  async recover(series: string): Promise<void> {
    const newest = await this.#history.last(series);
    if ((newest?.sequence ?? 0) > (await this.#through(series))) this.#behind.add(series);
  }

  /** Another hub has stored rows. */
  addOthers(series: string): void {
    this.#behind.add(series);
  }

  /** @param sequence of the durable block that the rows are. */
  add(series: string, sequence: number, rows: readonly Row[]): void {
    if (this.#isShared) this.#behind.add(series);
    if (this.#behind.has(series) || sequence <= (this.#reached.get(series) ?? 0)) return;
    if (this.#count >= MAX_KEPT) {
      this.#behind.add(series);
      this.#forget(series);
      return;
    }
    let waiting = this.#waiting.get(series);
    if (waiting === undefined) {
      waiting = waitingFrom(sequence);
      this.#waiting.set(series, waiting);
    }
    waiting.through = sequence;
    const before = waiting.runs.size;
    for (const row of rows) addRow(waiting, row);
    this.#count += waiting.runs.size - before;
    // What fails is told by the next one who waits for it.
    if (this.#count >= MAX_WAITING) this.flush().catch(() => {});
  }

  /** Resolves when everything added so far is in the store. One at a time. */
  flush(): Promise<void> {
    const flushed = this.#writing.then(() => this.#flush());
    this.#writing = flushed.catch(() => {});
    return flushed;
  }

  /**
   * Buckets that begin at `from` or later and before `to`, each of `every` ms, in order; those without readings are left out.
   * @param every whole minutes, ms.
   * @returns undefined when that would be too many to read.
   */
  async read(
    series: string,
    from: number,
    to: number,
    every: number,
  ): Promise<Map<number, Bucket> | undefined> {
    if (this.#isShared) await this.#catchUp(series);
    else await this.flush();
    const level = LEVELS.findLast(({ ms }) => every % ms === 0) ?? LEVELS[0];
    const [first, last] = [chunkOf(level, from), chunkOf(level, to - 1)];
    if (last - first >= MAX_CHUNKS) return undefined;
    const found = new Map<number, Bucket>();
    for (let chunk = first; chunk <= last; chunk++) {
      if ((chunk - first) % STEP === STEP - 1) await setImmediate();
      const stored = await this.#documents.get(idOf(series, level, chunk));
      if (!Array.isArray(stored)) continue;
      for (const [number, bucket] of fromChunk(stored)) {
        const begin = number * level.ms;
        if (begin < from || begin >= to) continue;
        const interval = Math.floor(begin / every) * every;
        let sum = found.get(interval);
        if (sum === undefined) {
          sum = emptyBucket();
          found.set(interval, sum);
        }
        merge(sum, bucket);
      }
    }
    return found;
  }

  /** Forgets what is older. @param before Unix ms. */
  async trim(series: string, level: Level, before: number): Promise<void> {
    const end = idOf(series, level, chunkOf(level, before));
    for (;;) {
      const ids = await this.#documents.ids({ prefix: `${series} ${level.name} `, limit: 200 });
      const old = ids.filter((id) => id < end);
      if (old.length > 0) await this.#documents.batch(old.map((id) => ({ delete: id })));
      if (old.length < 200) return;
    }
  }

  async #flush(): Promise<void> {
    const all = this.#waiting;
    this.#waiting = new Map();
    this.#count = 0;
    let failure: unknown;
    const write = async (series: string, waiting: Waiting) => {
      try {
        await this.#write(series, waiting);
      } catch (error) {
        failure = error;
        this.#behind.add(series);
        this.#forget(series);
      }
    };
    const entries = [...all];
    for (let i = 0; i < entries.length; i += STEP) {
      await Promise.all(entries.slice(i, i + STEP).map(([series, waiting]) => write(series, waiting)));
    }
    for (const series of [...this.#behind]) await this.#catchUp(series);
    if (failure !== undefined) throw failure;
  }

  async #catchUp(series: string): Promise<void> {
    // What is stored meanwhile is made up for the next time.
    if (this.#isShared) this.#behind.delete(series);
    try {
      const reached = await this.#readLog(series);
      if (this.#isShared) return;
      // Blocks up to here are in, also those whose `add` is still to come.
      this.#behind.delete(series);
      this.#reached.set(series, reached);
      this.#log.info({ series }, 'rollups caught up with the readings');
    } catch (error) {
      this.#behind.add(series);
      throw error;
    }
  }

  /**
   * Takes in what the log has beyond the rollups, part by part: to be a long way behind takes no more memory than a short one.
   * @returns the last block that is in.
   */
  async #readLog(series: string): Promise<number> {
    for (;;) {
      const through = await this.#through(series);
      let waiting = waitingFrom(through);
      let before = through;
      let isWritten = true;
      for await (const { sequence, rows } of this.#history.blocks(series, through + 1)) {
        waiting.through = sequence;
        for (const row of rows) addRow(waiting, row);
        if (waiting.runs.size < MAX_WAITING) continue;
        isWritten = await this.#write(series, waiting, before);
        if (!isWritten) break;
        before = sequence;
        waiting = waitingFrom(sequence);
      }
      if (isWritten && waiting.through > before) isWritten = await this.#write(series, waiting, before);
      // Another hub was quicker.
      if (!isWritten) continue;
      const newest = await this.#history.last(series);
      if ((newest?.sequence ?? 0) <= waiting.through) return waiting.through;
    }
  }

  /** @param before the last block that is in already, where other hubs write, too. @returns false: another one was quicker. */
  async #write(series: string, { through, runs }: Waiting, before?: number): Promise<boolean> {
    const changes: Change<Chunk | Head>[] = [];
    for (const level of LEVELS) {
      const chunks = new Map<string, Map<number, Bucket>>();
      let [number, buckets] = [Number.NaN, new Map<number, Bucket>()];
      for (const [time, run] of runs) {
        // Readings of a time mostly come together.
        if (chunkOf(level, time) !== number) {
          number = chunkOf(level, time);
          const id = idOf(series, level, number);
          buckets = chunks.get(id) ?? (await this.#stored(id));
          chunks.set(id, buckets);
        }
        const bucketNumber = Math.floor(time / level.ms);
        let bucket = buckets.get(bucketNumber);
        if (bucket === undefined) {
          bucket = emptyBucket();
          buckets.set(bucketNumber, bucket);
        }
        merge(bucket, run);
      }
      for (const [id, chunk] of chunks) changes.push({ put: id, value: toChunk(chunk) });
    }
    const head = `${series} head`;
    const all: Change<Chunk | Head>[] = [...changes, { put: head, value: { through } }];
    if (!this.#isShared || before === undefined) return this.#documents.batch(all);
    const value = before === 0 ? undefined : { through: before };
    return this.#documents.batch(all, { id: head, value });
  }

  async #stored(id: string): Promise<Map<number, Bucket>> {
    const stored = await this.#documents.get(id);
    return fromChunk(Array.isArray(stored) ? stored : []);
  }

  async #through(series: string): Promise<number> {
    const head = await this.#documents.get(`${series} head`);
    return head !== undefined && 'through' in head ? head.through : 0;
  }

  #forget(series: string): void {
    this.#count -= this.#waiting.get(series)?.runs.size ?? 0;
    this.#waiting.delete(series);
  }
}

function waitingFrom(through: number): Waiting {
  return { through, runs: new Runs() };
}

/** What is no reading has no place in rollups. */
function addRow({ runs }: Waiting, { at, mark, data }: Row): void {
  if (typeof data.record === 'number') runs.add(at, data.record, mark !== undefined);
}

function chunkOf({ ms, perChunk }: Level, at: number): number {
  return Math.floor(at / (ms * perChunk));
}

/** Of equal length, so that the order of ids is that of time. */
function idOf(series: string, { name }: Level, chunk: number): string {
  return `${series} ${name} ${String(chunk).padStart(8, '0')}`;
}
