/** Starts Fastify behind the real uWS, and next to it on node's own server, and talks to both. */
import { once } from 'node:events';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify';
import type { Test } from 'tap';
import { bridge, detachedServer } from '../../core/transport/http-bridge.ts';
import { uws } from '../../core/transport/uws.ts';

export interface Served {
  readonly name: string;
  readonly app: FastifyInstance;
  readonly port: number;
  readonly url: string;
}

export interface Setup {
  readonly fastify?: FastifyServerOptions;
  readonly maxBodyBytes?: number;
  readonly host?: string;
  /** Told of errors that left Fastify's router. */
  readonly failed?: (error: unknown) => void;
}

type Build = (app: FastifyInstance) => unknown;

/** Fastify behind uWS on a free port; all of it ends with the test. */
export async function serve(t: Test, build: Build, setup: Setup = {}): Promise<Served> {
  const app = fastify({ ...setup.fastify, serverFactory: detachedServer });
  await build(app);
  await app.ready();
  const { maxBodyBytes = 64 * 1024 * 1024, failed = () => {} } = setup;
  const server = uws.App().any('/*', bridge(app, { maxBodyBytes, failed }));
  t.teardown(async () => {
    server.close();
    await app.close();
  });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.listen(setup.host ?? '127.0.0.1', 0, (socket) => {
    if (socket === false) reject(new Error('did not listen'));
    else resolve(uws.us_socket_local_port(socket));
  });
  const port = await promise;
  return { name: 'uWS', app, port, url: `http://127.0.0.1:${port}` };
}

/** The same routes behind uWS and on node:http, for tests of what must be the same on both. */
export async function serveBoth(
  t: Test,
  build: Build,
  setup: Setup = {},
): Promise<[uws: Served, node: Served]> {
  const app = fastify(setup.fastify);
  await build(app);
  await app.listen({ host: '127.0.0.1', port: 0 });
  t.teardown(() => app.close());
  const { port } = app.server.address() as AddressInfo;
  return [await serve(t, build, setup), { name: 'node', app, port, url: `http://127.0.0.1:${port}` }];
}

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
  /** What went wrong on the way, such as `ECONNRESET`. */
  readonly error?: string;
}

export interface Call extends http.RequestOptions {
  readonly body?: string | Buffer;
}

/** One request by node's client, which shows the answer as it is: nothing decoded, followed or added. */
export async function call(to: Served, path: string, options: Call = {}): Promise<Answer> {
  const { body, ...rest } = options;
  // An agent of its own: without one, node's client would ask for the connection to be closed.
  const agent = new http.Agent({ keepAlive: true });
  const request = http.request({ host: '127.0.0.1', port: to.port, path, agent, ...rest });
  request.on('close', () => agent.destroy());
  const { promise, resolve } = Promise.withResolvers<Answer>();
  request.on('error', (error: NodeJS.ErrnoException) => {
    resolve({ status: 0, headers: {}, body: Buffer.alloc(0), error: error.code ?? error.message });
  });
  request.on('response', async (response) => {
    const chunks: Buffer[] = [];
    const answer = { status: response.statusCode ?? 0, headers: response.headers };
    try {
      for await (const chunk of response) chunks.push(chunk);
      resolve({ ...answer, body: Buffer.concat(chunks) });
    } catch (error) {
      resolve({ ...answer, body: Buffer.concat(chunks), error: (error as NodeJS.ErrnoException).code });
    }
  });
  request.end(body);
  return promise;
}

/** Opens a request and stops reading at its headers. */
export async function stalled(to: Served, path: string): Promise<http.IncomingMessage> {
  const request = http.get({ host: '127.0.0.1', port: to.port, path, agent: false });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  response.pause();
  return response;
}

/** A source that counts what it was asked for. */
export function counting(total: number) {
  const source = { made: 0, stream: new Readable() };
  const block = Buffer.alloc(64 * 1024, 'x');
  source.stream = new Readable({
    read() {
      if (source.made >= total) this.push(null);
      else {
        source.made += block.length;
        this.push(block);
      }
    },
  });
  return source;
}

/** A bare connection, for what node's client does not do. */
export class Wire {
  readonly socket: net.Socket;
  #text = '';
  #changed = Promise.withResolvers<void>();

  constructor(t: Test, to: Served) {
    this.socket = net.connect(to.port, '127.0.0.1');
    this.socket.on('data', (bytes) => this.#grew(bytes.toString('latin1')));
    this.socket.on('close', () => this.#grew(''));
    // Ends as a close; what was received until then is what counts.
    this.socket.on('error', () => {});
    t.teardown(() => this.socket.destroy());
  }

  get text(): string {
    return this.#text;
  }

  write(text: string | Buffer): this {
    this.socket.write(text);
    return this;
  }

  /** All that came, once it matches or the connection is closed. */
  async until(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.#text) && !this.socket.closed) await this.#changed.promise;
    return this.#text;
  }

  async closed(): Promise<string> {
    while (!this.socket.closed) await this.#changed.promise;
    return this.#text;
  }

  #grew(text: string): void {
    this.#text += text;
    const changed = this.#changed;
    this.#changed = Promise.withResolvers<void>();
    changed.resolve();
  }
}
