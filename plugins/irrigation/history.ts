/** Every event, as it came: one log per controller and name of event, in the order of arrival. */
import { JsonText, type PluginStore, type StoreLog } from '../../core/index.ts';
import type { Mark } from './messages.ts';

/** An event as it is kept. */
export interface Row {
  /** Unix ms; within a series never going back. */
  readonly received: number;
  /** Unix ms when it happened, as far as the hub can tell. */
  readonly at: number;
  readonly mark: Mark | undefined;
  /** What the controller sent. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** A row as it is stored. What arrives of a series in one turn of the event loop is one entry of the log: a block of rows. */
type StoredRow = [received: number, at: number, mark: Mark | 0, data: Record<string, unknown>];
type Block = readonly StoredRow[];

export interface StoredBlock {
  readonly sequence: number;
  readonly rows: readonly Row[];
}

/** A row and where it is: `sequence.index`, for paging. */
export interface FoundRow extends Row {
  readonly place: string;
}

export interface RowRange {
  /** Unix ms of arrival, inclusive. */
  readonly from: number;
  /** Unix ms of arrival, exclusive. */
  readonly to: number;
  /** Only rows after this place. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** Entries read at once. */
const READ_BLOCKS = 500;

export class History {
  readonly #log: StoreLog<Block>;

  constructor(store: PluginStore) {
    this.#log = store.log('telemetry');
  }

  /**
   * @param texts of the rows' data, as JSON.
   * @returns the sequence number of the block, when it is durable.
   */
  append(series: string, rows: readonly Row[], texts: readonly string[]): Promise<number> {
    const parts = rows.map(
      ({ received, at, mark }, i) =>
        `[${received},${at},${mark === undefined ? 0 : `"${mark}"`},${texts[i]}]`,
    );
    return this.#log.append(series, new JsonText(`[${parts.join(',')}]`));
  }

  /** The newest block; undefined: there is none. */
  async last(series: string): Promise<StoredBlock | undefined> {
    const [entry] = await this.#log.read(series, { limit: 1, backwards: true });
    return entry && { sequence: entry.sequence, rows: entry.value.map(toRow) };
  }

  /** The newest rows, in no order: at least so many, or all there are, and not many more. */
  async newest(series: string, count: number): Promise<Row[]> {
    const rows: Row[] = [];
    for (let to = Number.MAX_SAFE_INTEGER; ; ) {
      const entries = await this.#log.read(series, { to, limit: READ_BLOCKS, backwards: true });
      for (const { sequence, value } of entries) {
        rows.push(...value.map(toRow));
        to = sequence - 1;
        if (rows.length >= count) return rows;
      }
      if (entries.length < READ_BLOCKS) return rows;
    }
  }

  /** Blocks in order, from a sequence number on. */
  async *blocks(series: string, from: number): AsyncGenerator<StoredBlock> {
    for (let next = from; ; ) {
      const entries = await this.#log.read(series, { from: next, limit: READ_BLOCKS });
      for (const { sequence, value } of entries) yield { sequence, rows: value.map(toRow) };
      const last = entries.at(-1);
      if (last === undefined || entries.length < READ_BLOCKS) return;
      next = last.sequence + 1;
    }
  }

  /** Rows in order of arrival. */
  async rows(series: string, { from, to, after, limit }: RowRange): Promise<FoundRow[]> {
    const [sequence = 0, index = -1] = after?.split('.').map(Number) ?? [];
    // The block before the first one that begins in time may end in it.
    const first = Math.max(sequence, (await this.#firstFrom(series, from)) - 1);
    const found: FoundRow[] = [];
    for await (const block of this.blocks(series, first)) {
      for (const [i, row] of block.rows.entries()) {
        if (block.sequence === sequence && i <= index) continue;
        if (row.received < from) continue;
        if (row.received >= to || found.length >= limit) return found;
        found.push({ ...row, place: `${block.sequence}.${i}` });
      }
    }
    return found;
  }

  /** Forgets what arrived before. */
  async trim(series: string, before: number): Promise<number> {
    return this.#log.trim(series, await this.#firstFrom(series, before));
  }

  /** @returns the sequence number of the first block that begins at `received` or later; one after the newest if there is none. */
  async #firstFrom(series: string, received: number): Promise<number> {
    const [oldest] = await this.#log.read(series, { limit: 1 });
    const [newest] = await this.#log.read(series, { limit: 1, backwards: true });
    if (oldest === undefined || newest === undefined) return 1;
    let [low, high] = [oldest.sequence, newest.sequence + 1];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const [entry] = await this.#log.read(series, { from: middle, limit: 1 });
      if ((entry?.value[0]?.[0] ?? Number.POSITIVE_INFINITY) >= received) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

function toRow([received, at, mark, data]: StoredRow): Row {
  return { received, at, mark: mark === 0 ? undefined : mark, data };
}
