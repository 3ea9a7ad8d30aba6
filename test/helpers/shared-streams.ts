/** Streams as a broker keeps them, in memory: what hubs of one process share. */
import type { AppendOptions, Past, Position } from '../../core/index.ts';

interface KeptStream {
  epoch: string;
  offset: number;
  frames: string[];
  /** The number of the last entry of each hub, and its epoch. */
  readonly reached: Map<string, { readonly number: number; readonly epoch: string }>;
}

export class SharedStreams {
  readonly #streams = new Map<string, KeptStream>();
  #epochs = 0;

  /** @returns where the entry stands; undefined: it was appended before. */
  append(
    topic: string,
    frame: string,
    { node, number, keep, follows, isAfterLoss }: AppendOptions,
  ): Position | undefined {
    const stream = this.#stream(topic);
    const reached = stream.reached.get(node);
    const last = reached?.number ?? 0;
    if (number <= last) return undefined;
    if (number > last + 1 && !isAfterLoss && (follows || reached?.epoch === stream.epoch))
      throw new Error('entries before it are missing');
    if (isAfterLoss) this.#begin(stream);
    stream.reached.set(node, { number, epoch: stream.epoch });
    stream.offset++;
    stream.frames.push(frame);
    const bytes = () => stream.frames.reduce((sum, one) => sum + Buffer.byteLength(one), 0);
    while (stream.frames.length > keep.entries || bytes() > keep.bytes) stream.frames.shift();
    return { epoch: stream.epoch, offset: stream.offset };
  }

  history(topic: string, since: Position): Past {
    const { epoch, offset, frames } = this.#stream(topic);
    const missed = epoch === since.epoch ? Math.max(0, offset - since.offset) : frames.length;
    return { position: { epoch, offset }, frames: missed === 0 ? [] : frames.slice(-missed) };
  }

  /** As a server that is started anew: what was acknowledged may be lost. */
  restart(): void {
    for (const stream of this.#streams.values()) this.#begin(stream);
  }

  #stream(topic: string): KeptStream {
    const found = this.#streams.get(topic);
    if (found !== undefined) return found;
    const stream: KeptStream = { epoch: '', offset: 0, frames: [], reached: new Map() };
    this.#begin(stream);
    this.#streams.set(topic, stream);
    return stream;
  }

  #begin(stream: KeptStream): void {
    stream.epoch = `${++this.#epochs}`.padStart(16, '0');
    stream.offset = 0;
    stream.frames = [];
  }
}
