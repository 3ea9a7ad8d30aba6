/**
 * A WebSocket client that does as little as possible: it sends frames made beforehand and, once counting, looks
 * at nothing but the headers of what comes back.
 */
import { connect, type Socket } from 'node:net';
import { socketIoWire, type Wire } from '../wire.ts';

/** Every socket reads into this one: a read and its callback are one synchronous act. Grids need large reads. */
const incoming = Buffer.allocUnsafeSlow(512 * 1024);
const MASK = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);
/** Above this many sockets in the middle of connecting, a server's accept queue may overflow. */
const CONNECTING = 100;
/** Bytes of the header of an unmasked frame: 2, 4 or this. */
const LONGEST_HEAD = 10;

/** A masked text frame, as clients must send them (RFC 6455, 5.2). */
export function frame(text: string): Buffer {
  const payload = Buffer.from(text);
  const long = payload.length > 0xffff;
  const short = payload.length < 126;
  const head = Buffer.alloc(short ? 2 : long ? 10 : 4);
  head[0] = 0x81;
  head[1] = 0x80 | (short ? payload.length : long ? 127 : 126);
  if (long) head.writeBigUInt64BE(BigInt(payload.length), 2);
  else if (!short) head.writeUInt16BE(payload.length, 2);
  for (let i = 0; i < payload.length; i++) payload[i] = (payload[i] ?? 0) ^ (MASK[i & 3] ?? 0);
  return Buffer.concat([head, MASK, payload]);
}

/** Opens many connections. @throws Error when one of them is refused or does not finish its handshake. */
export async function openAll(count: number, port: number, wire: Wire): Promise<Client[]> {
  const clients: Client[] = [];
  while (clients.length < count) {
    const step = Math.min(CONNECTING, count - clients.length);
    clients.push(
      ...(await Promise.all(
        Array.from({ length: step }, (_, i) => Client.open(port, wire, wire.pathOf?.(clients.length + i))),
      )),
    );
  }
  return clients;
}

export class Client {
  readonly #socket: Socket;
  /** Undefined once the upgrade was answered. */
  #response: string | undefined = '';
  /** Payload bytes of the present frame still to come, and all of them. */
  #left = 0;
  #size = 0;
  #opcode = 0;
  /** A frame header that a read cut in two. */
  #head: number[] = [];
  /** Payload of the present frame, while messages are read and not counted. */
  #chunks: Buffer[] = [];
  #messages: string[] = [];
  #waiting: PromiseWithResolvers<string> | undefined;
  #expected = 0;
  #counted: ((count: number) => void) | undefined;
  #failure: Error | undefined;

  private constructor(port: number, path: string) {
    this.#socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: { buffer: incoming, callback: (size) => this.#read(size) },
    });
    this.#socket.on('error', (error) => this.#fail(error.message));
    this.#socket.on('close', () => this.#fail('the server closed the connection'));
    this.#socket.write(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
    );
  }

  static async open(port: number, wire: Wire, path = wire.path): Promise<Client> {
    const client = new Client(port, path);
    const status = await client.next();
    if (!status.startsWith('HTTP/1.1 101')) throw new Error(`no WebSocket at ${path}: ${status}`);
    if (wire === socketIoWire) {
      await client.next(); // 0{"sid": …}: engine.io is open
      client.send(frame('40'));
      await client.next(); // 40{"sid": …}: the default namespace is joined
    }
    if (wire.greets) await client.next();
    return client;
  }

  /** Bytes of one or more frames. */
  send(frames: Buffer): void {
    this.#socket.write(frames);
  }

  /** The text of the next message. Not to be used once messages are counted. */
  next(): Promise<string> {
    const message = this.#messages.shift();
    if (message !== undefined) return Promise.resolve(message);
    if (this.#failure) return Promise.reject(this.#failure);
    this.#waiting = Promise.withResolvers();
    return this.#waiting.promise;
  }

  /**
   * From now on messages are only counted, all those of one read at a time.
   * A message of another size fails the connection: it is not the answer that is measured.
   * @param size bytes of the expected messages.
   */
  count(size: number, counted: (count: number) => void): void {
    this.#expected = size;
    this.#counted = counted;
  }

  /** Undefined while the connection is open. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Resets the connection: thousands of them would otherwise keep their ports for a minute. */
  close(): void {
    this.#socket.resetAndDestroy();
  }

  #fail(reason: string): void {
    this.#failure ??= new Error(reason);
    this.#waiting?.reject(this.#failure);
    this.#waiting = undefined;
  }

  #read(size: number): boolean {
    let at = 0;
    if (this.#response !== undefined) {
      at = this.#readResponse(size);
      if (at < 0) return true;
    }
    let count = 0;
    while (at < size) {
      if (this.#left === 0) {
        at = this.#readHead(at, size);
        if (this.#left > 0 || this.#head.length > 0) continue;
      } else {
        const step = Math.min(this.#left, size - at);
        if (!this.#counted) this.#chunks.push(Buffer.from(incoming.subarray(at, at + step)));
        this.#left -= step;
        at += step;
        if (this.#left > 0) break;
      }
      count += this.#finishFrame();
    }
    if (count > 0) this.#counted?.(count);
    return true;
  }

  /** @returns where frames begin, or -1 when the response is not complete yet. */
  #readResponse(size: number): number {
    const before = this.#response?.length ?? 0;
    const text = this.#response + incoming.toString('latin1', 0, size);
    const end = text.indexOf('\r\n\r\n');
    this.#response = end < 0 ? text : undefined;
    if (end < 0) return -1;
    this.#deliver(text.slice(0, text.indexOf('\r\n')));
    return end + 4 - before;
  }

  /** Takes the next frame's header, or as much of it as there is. @returns where it ends. */
  #readHead(start: number, size: number): number {
    if (this.#head.length === 0 && size - start >= LONGEST_HEAD) {
      return start + this.#startFrame(incoming, start);
    }
    let at = start;
    while (at < size) {
      this.#head.push(incoming[at++] ?? 0);
      const short = this.#head[1];
      if (short === undefined || this.#head.length < headLength(short)) continue;
      this.#startFrame(Buffer.from(this.#head), 0);
      this.#head = [];
      break;
    }
    return at;
  }

  /** @returns how long the header was. */
  #startFrame(bytes: Buffer, at: number): number {
    const short = bytes[at + 1] ?? 0; // servers send unmasked: the highest bit is 0
    this.#opcode = bytes[at] ?? 0;
    if (short < 126) this.#size = short;
    else this.#size = short === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
    this.#left = this.#size;
    return headLength(short);
  }

  /** @returns 1 for a message that counts. */
  #finishFrame(): 0 | 1 {
    const control = (this.#opcode & 8) !== 0 || this.#size <= 1; // engine.io's ping is the text "2"
    if (this.#counted && !control) {
      if (this.#size === this.#expected && this.#opcode === 0x81) return 1;
      this.#fail(`got a message of ${this.#size} bytes instead of ${this.#expected}`);
      return 0;
    }
    if (!control) this.#deliver(Buffer.concat(this.#chunks).toString());
    this.#chunks = [];
    return 0;
  }

  #deliver(message: string): void {
    if (!this.#waiting) this.#messages.push(message);
    this.#waiting?.resolve(message);
    this.#waiting = undefined;
  }
}

function headLength(short: number): number {
  return short < 126 ? 2 : short === 126 ? 4 : LONGEST_HEAD;
}
