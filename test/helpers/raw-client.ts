/** A WebSocket client made of a bare TCP socket: it may stop reading, never answer a ping, or send what is no frame at all. */
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import type { Test } from 'tap';

export const OPCODES = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 };

export interface FrameOptions {
  readonly fin?: boolean;
  readonly masked?: boolean;
  /** The three reserved bits. */
  readonly reserved?: number;
  /** The length the frame says it has. Default: that of its payload. */
  readonly length?: bigint;
}

/** The bytes of a frame, right or wrong. */
export function frame(opcode: number, payload: string | Uint8Array, options: FrameOptions = {}): Buffer {
  const { fin = true, masked = true, reserved = 0 } = options;
  const bytes = Buffer.from(payload);
  const { length = BigInt(bytes.length) } = options;
  const first = (fin ? 0x80 : 0) | (reserved << 4) | opcode;
  const mask = masked ? 0x80 : 0;
  const head = Buffer.alloc(length < 126n ? 2 : length < 65_536n ? 4 : 10);
  head[0] = first;
  if (head.length === 2) head[1] = mask | Number(length);
  else if (head.length === 4) {
    head[1] = mask | 126;
    head.writeUInt16BE(Number(length), 2);
  } else {
    head[1] = mask | 127;
    head.writeBigUInt64BE(length, 2);
  }
  if (!masked) return Buffer.concat([head, bytes]);
  const key = Buffer.from([0x12, 0x34, 0x56, 0x78]);
  return Buffer.concat([head, key, bytes.map((byte, i) => byte ^ (key[i % 4] ?? 0))]);
}

export interface RawClient {
  readonly socket: Socket;
  /** Texts of the messages that arrived and were not taken. */
  readonly texts: readonly string[];
  /** Takes them all. */
  take(): string[];
  /** Resolves when a message satisfies the condition; rejects when the connection ends before. */
  until(condition: (text: string) => boolean): Promise<void>;
  /** Resolves when the connection has ended. @returns the code of the close frame; undefined: there was none. */
  readonly closed: Promise<number | undefined>;
}

/** Connects to a path of the hub. Its socket is read until it is paused. */
export async function connectRaw(
  t: Test,
  hub: { readonly port: number },
  path: string,
  headers: Record<string, string> = {},
): Promise<RawClient> {
  const socket = connectTcp(hub.port, '127.0.0.1');
  t.teardown(() => socket.destroy());
  const lines = {
    Host: `127.0.0.1:${hub.port}`,
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version': '13',
    ...headers,
  };
  const head = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`GET ${path} HTTP/1.1\r\n${head.join('')}\r\n`);
  let rest: Buffer = Buffer.alloc(0);
  while (!rest.includes('\r\n\r\n')) {
    const [more] = await once(socket, 'data');
    rest = Buffer.concat([rest, more]);
  }
  const end = rest.indexOf('\r\n\r\n');
  const answer = rest.subarray(0, end).toString();
  if (!answer.startsWith('HTTP/1.1 101')) throw new Error(answer);

  const reader = new FrameReader();
  let wake = Promise.withResolvers<void>();
  const read = (bytes: Buffer) => {
    reader.read(bytes);
    wake.resolve();
    wake = Promise.withResolvers<void>();
  };
  socket.on('error', () => {});
  const closed = new Promise<number | undefined>((resolve) => {
    socket.once('close', () => {
      resolve(reader.closeCode);
      wake.resolve();
    });
  });
  read(rest.subarray(end + 4));
  socket.on('data', read);
  let looked = 0;
  const until = async (condition: (text: string) => boolean) => {
    for (;;) {
      while (looked < reader.texts.length) if (condition(reader.texts[looked++] ?? '')) return;
      if (socket.closed) throw new Error('the connection ended before the message came');
      await wake.promise;
    }
  };
  const take = () => {
    looked = 0;
    return reader.texts.splice(0);
  };
  return { socket, texts: reader.texts, take, until, closed };
}

/** Takes messages out of bytes that arrive in any pieces. The hub sends whole frames, unmasked. */
class FrameReader {
  readonly texts: string[] = [];
  closeCode: number | undefined;
  #pieces: Buffer[] = [];
  #available = 0;
  #needed = 2;

  read(bytes: Buffer): void {
    this.#pieces.push(bytes);
    this.#available += bytes.length;
    if (this.#available < this.#needed) return;
    let buffer = Buffer.concat(this.#pieces);
    for (let size = frameSize(buffer); buffer.length >= size.head + size.body; size = frameSize(buffer)) {
      this.#take((buffer[0] ?? 0) & 15, buffer.subarray(size.head, size.head + size.body));
      buffer = buffer.subarray(size.head + size.body);
    }
    const { head, body } = frameSize(buffer);
    this.#needed = head + body;
    this.#pieces = [buffer];
    this.#available = buffer.length;
  }

  #take(opcode: number, payload: Buffer): void {
    if (opcode === OPCODES.text) this.texts.push(payload.toString());
    if (opcode === OPCODES.close) this.closeCode = payload.length < 2 ? 1005 : payload.readUInt16BE();
  }
}

/** The size of the frame that starts here, as far as it can be told. */
function frameSize(buffer: Buffer): { head: number; body: number } {
  if (buffer.length < 2) return { head: 2, body: 0 };
  const short = (buffer[1] ?? 0) & 127;
  if (short < 126) return { head: 2, body: short };
  const head = short === 126 ? 4 : 10;
  if (buffer.length < head) return { head, body: 0 };
  return { head, body: short === 126 ? buffer.readUInt16BE(2) : Number(buffer.readBigUInt64BE(2)) };
}
