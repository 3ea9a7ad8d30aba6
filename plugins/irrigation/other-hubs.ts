/**
 * Rows of all hubs that share the store, for the dashboards of this one: of each series once, in the order of its log. A hub tells
 * the others what it has stored; what does not follow what is known was missed, and is read from the log.
 */
import type { Hub, Line } from '../../core/index.ts';
import type { Controller, Field, Series } from './field.ts';
import type { History, Row } from './history.ts';
import type { Mark } from './messages.ts';
import { TelemetryEvent } from './telemetry-event.ts';

/** Rows of a series that came together: one entry of its log. */
export interface Block {
  readonly series: Series;
  readonly events: readonly TelemetryEvent[];
  /** undefined: it could not be stored. */
  sequence: number | undefined;
}

/** What one hub tells the others: blocks, and their rows in the order of arrival. */
interface Told {
  readonly blocks: readonly (readonly [series: string, sequence: number])[];
  readonly rows: readonly ToldRow[];
}
type ToldRow = readonly [block: number, received: number, at: number, mark: Mark | 0, data: Row['data']];

/** Blocks of a series that are made up for: the newest. */
const MOST_MISSED = 1_000;
/** Series read at once. */
const READ = 50;

export interface OtherHubsParts {
  readonly field: Field;
  readonly history: History;
  /** To dashboards of this hub. */
  readonly show: (event: TelemetryEvent) => void;
  /** Rows of the series were stored, by whichever hub. */
  readonly stored: (series: Series) => void;
}

export class OtherHubs {
  readonly #parts: OtherHubsParts;
  readonly #line: Line;
  /** Series that are read from the log, and up to which block at least. */
  readonly #behind = new Map<Series, { through: number; readonly done: Promise<void> }>();
  /** Series that could not be read. */
  readonly #unread = new Set<Series>();
  #isLoaded = false;

  constructor(hub: Hub, parts: OtherHubsParts) {
    this.#parts = parts;
    this.#line = hub.line('rows', {
      receive: (text) => this.#receive(JSON.parse(text)),
      missed: () => this.look(),
    });
  }

  /** The field was read: what comes now follows that. */
  async loaded(): Promise<void> {
    this.#isLoaded = true;
    await this.look();
  }

  /** Shows what other hubs have stored and this one does not know. */
  async look(): Promise<void> {
    if (!this.#isLoaded) return;
    const { field } = this.#parts;
    const keys = await field.seriesKeys();
    for (let i = 0; i < keys.length; i += READ) {
      await Promise.all(keys.slice(i, i + READ).map((key) => this.#read(field.storedSeries(key), 0)));
    }
  }

  /** Reads what could not be read before. */
  async retry(): Promise<void> {
    const all = [...this.#unread];
    this.#unread.clear();
    await Promise.all(all.map((series) => this.#read(series, 0)));
  }

  /** As `look`, for one controller. */
  async lookAt({ series }: Controller): Promise<void> {
    await Promise.all([...series.values()].map((one) => this.#read(one, 0)));
  }

  /** @param events of the blocks, in the order of arrival. */
  took(blocks: readonly Block[], events: readonly TelemetryEvent[]): void {
    const indexes = new Map<TelemetryEvent, number>();
    for (const [index, block] of blocks.entries()) {
      for (const event of block.events) if (block.sequence !== undefined) indexes.set(event, index);
    }
    const rows: string[] = [];
    const isNext: boolean[] = [];
    for (const event of events) {
      const index = indexes.get(event);
      const block = blocks[index ?? -1];
      if (index === undefined || block?.sequence === undefined) continue;
      isNext[index] ??= this.#isNext(block.series, block.sequence);
      if (isNext[index]) this.#parts.show(event);
      const { received, at, mark } = event.row;
      const told = mark === undefined ? 0 : `"${mark}"`;
      rows.push(`[${index},${received},${at},${told},${event.dataText}]`);
    }
    if (rows.length === 0) return;
    const told = blocks.map(({ series, sequence }) => [series.key, sequence ?? 0]);
    this.#line.send(`{"blocks":${JSON.stringify(told)},"rows":[${rows.join()}]}`);
  }

  #receive({ blocks, rows }: Told): void {
    if (!this.#isLoaded) return;
    const known: { readonly series: Series; readonly isNext: boolean }[] = [];
    for (const [index, received, at, mark, data] of rows) {
      let block = known[index];
      if (block === undefined) {
        const [key, sequence] = blocks[index] ?? [];
        if (key === undefined || sequence === undefined) continue;
        const series = this.#parts.field.storedSeries(key);
        block = { series, isNext: this.#isNext(series, sequence) };
        known[index] = block;
        this.#parts.stored(series);
      }
      if (block.isNext) this.#show(block.series, { received, at, mark: mark === 0 ? undefined : mark, data });
    }
  }

  #show(series: Series, row: Row): void {
    this.#parts.field.learn(series, row);
    this.#parts.show(new TelemetryEvent(series, row));
  }

  /** Whether a block follows what is known; if it does, it is known now. */
  #isNext(series: Series, sequence: number): boolean {
    if (sequence <= series.through) return false;
    if (sequence === series.through + 1 && !this.#behind.has(series)) {
      series.through = sequence;
      return true;
    }
    this.#read(series, sequence).catch(() => {});
    return false;
  }

  /** @param through the block up to which it is read at least. */
  #read(series: Series, through: number): Promise<void> {
    const reading = this.#behind.get(series);
    if (reading !== undefined) {
      reading.through = Math.max(reading.through, through);
      return reading.done;
    }
    const done = Promise.withResolvers<void>();
    // Whoever waits for it is told; the series is read again in any case.
    done.promise.catch(() => {});
    const begun = { through, done: done.promise };
    this.#behind.set(series, begun);
    this.#catchUp(series, begun).then(done.resolve, (error: unknown) => {
      this.#unread.add(series);
      done.reject(error);
    });
    return done.promise;
  }

  async #catchUp(series: Series, begun: { readonly through: number }): Promise<void> {
    const { history, stored } = this.#parts;
    try {
      for (let before = -1; before < series.through; ) {
        before = series.through;
        const newest = await history.last(series.key);
        if (newest === undefined || newest.sequence <= before) break;
        const from = Math.max(before + 1, newest.sequence - MOST_MISSED + 1);
        for await (const { sequence, rows } of history.blocks(series.key, from)) {
          for (const row of rows) this.#show(series, row);
          series.through = sequence;
        }
        stored(series);
        if (series.through >= begun.through) break;
      }
    } finally {
      this.#behind.delete(series);
    }
  }
}
