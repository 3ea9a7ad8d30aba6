/** Keep-alive connections with one request on its way each. */
import { connect, type Socket } from 'node:net';
import { sampleDocument } from '../wire.ts';
import type { LoadSpec, Sample, Target, Timing } from './job.ts';
import { measure } from './window.ts';

const HEAD_END = Buffer.from('\r\n\r\n');
/** Every socket reads into this one: a read and its callback are one synchronous act. */
const incoming = Buffer.allocUnsafeSlow(64 * 1024);

export async function loadHttp(
  load: LoadSpec & { kind: 'http' },
  target: Target,
  timing: Timing,
): Promise<Sample> {
  const bodySize = await checkRoute(load.method, target);
  const request = requestBytes(load.method, target);
  let responses = 0;
  let failure: Error | undefined;
  const answered = () => {
    responses++;
  };
  const ended = (reason: Error) => {
    failure ??= reason;
  };
  const sockets = Array.from({ length: load.connections }, () =>
    keepAsking(target.port, request, new ResponseReader(bodySize), answered, ended),
  );
  const { amount, seconds, shares } = await measure(
    target,
    timing,
    () => responses,
    () => failure,
  );
  for (const socket of sockets) socket.resetAndDestroy();
  return { value: amount / seconds, detail: {}, shares };
}

/** Opens a connection and sends the request again at every answer. */
function keepAsking(
  port: number,
  request: Buffer,
  reader: ResponseReader,
  answered: () => void,
  ended: (reason: Error) => void,
): Socket {
  const socket: Socket = connect({
    port,
    host: '127.0.0.1',
    noDelay: true,
    onread: {
      buffer: incoming,
      callback: (size) => {
        const state = reader.read(size);
        if (state instanceof Error) socket.destroy(state);
        else if (state === 'complete') {
          answered();
          socket.write(request);
        }
        return true;
      },
    },
  });
  socket.on('error', ended);
  socket.on('close', () => ended(new Error('the server closed a connection')));
  socket.write(request);
  return socket;
}

/** @returns the bytes of the body, which is the same for every request. */
async function checkRoute(method: string, target: Target): Promise<number> {
  const url = `http://127.0.0.1:${target.port}${target.path}`;
  const post = { body: JSON.stringify(sampleDocument), headers: { 'content-type': 'application/json' } };
  const response = await fetch(url, { method, ...(method === 'POST' ? post : {}) });
  const body = await response.arrayBuffer();
  if (response.status !== 200) throw new Error(`${method} ${target.path} answers ${response.status}`);
  if (!response.headers.has('content-length')) throw new Error(`${method} ${target.path}: no content-length`);
  return body.byteLength;
}

/** With the headers that an ordinary client sends: to read them is part of a server's work. */
function requestBytes(method: 'GET' | 'POST', target: Target): Buffer {
  const body = method === 'POST' ? JSON.stringify(sampleDocument) : '';
  const bodyHeaders = ['Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`];
  const lines = [
    `${method} ${target.path} HTTP/1.1`,
    `Host: 127.0.0.1:${target.port}`,
    'User-Agent: python-requests/2.32.3',
    'Accept-Encoding: gzip, deflate',
    'Accept: */*',
    'Connection: keep-alive',
    ...(method === 'POST' ? bodyHeaders : []),
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`);
}

/** Finds the end of each response of one connection. */
class ResponseReader {
  readonly #bodySize: number;
  /** A header that a read cut in two. */
  #head: Buffer | undefined;
  /** Body bytes still to come; undefined before the header's end. */
  #left: number | undefined;

  constructor(bodySize: number) {
    this.#bodySize = bodySize;
  }

  /** @returns an Error when the response is not the one expected. */
  read(size: number): 'partial' | 'complete' | Error {
    let present = size;
    if (this.#left === undefined) {
      const bytes = incoming.subarray(0, size);
      const head: Buffer = this.#head ? Buffer.concat([this.#head, bytes]) : bytes;
      const end = head.indexOf(HEAD_END);
      if (end < 0) {
        this.#head = Buffer.from(head);
        return 'partial';
      }
      if (head.toString('latin1', 0, 12) !== 'HTTP/1.1 200') {
        return new Error(`unexpected response: ${head.toString('latin1', 0, end)}`);
      }
      present = head.length - end - HEAD_END.length;
      this.#head = undefined;
      this.#left = this.#bodySize;
    }
    this.#left -= present;
    if (this.#left < 0)
      throw new Error(`a body was longer than the ${this.#bodySize} bytes of the first one`);
    if (this.#left > 0) return 'partial';
    this.#left = undefined;
    return 'complete';
  }
}
