/** A real hub with walkers in a folder of the test's own, users, and clients of it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { ConfiguredPlugin } from '../../../core/index.ts';
import topics from '../../../plugins/topics/index.ts';
import users from '../../../plugins/users/index.ts';
import walkers from '../../../plugins/walkers/index.ts';
import type { Options } from '../../../plugins/walkers/options.ts';
import {
  type Client,
  connect,
  type Received,
  startHub,
  type TestHub,
  type TestOptions,
} from '../../helpers/hub.ts';
import { bearer, newUser } from '../users/helpers.ts';

export { newUser } from '../users/helpers.ts';

const USERS = { hashMemory: 7_168, hashPasses: 1 } as const;
export const PUBLIC_ROOT = 'n::000000000000000000000001';

export type Files = Readonly<Record<string, string>>;

/** A folder with walker files, which ends with the test. */
function folderOf(t: Test, files: Files): string {
  const folder = mkdtempSync(join(tmpdir(), 'wayhub-walkers-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

export type WalkersPlugin = (...options: Parameters<typeof walkers>) => ConfiguredPlugin;

export interface WalkersOptions extends TestOptions {
  /** The plugin itself, when it is not to be as usual. */
  readonly plugin?: WalkersPlugin;
}

/** A hub that serves these walkers. */
export async function startWalkers(
  t: Test,
  files: Files,
  options: Partial<Options> = {},
  { plugins = [], plugin = walkers, ...more }: WalkersOptions = {},
): Promise<TestHub> {
  const folder = options.folder ?? folderOf(t, files);
  const hub = await startHub(t, {
    ...more,
    plugins: [topics(), users(USERS), plugin({ processes: 1, ...options, folder }), ...plugins],
  });
  // Answered when the walkers are loaded, which the hub does not wait for before it listens.
  for (const origin of hub.origins) await fetch(`${origin}/walker/none`, { method: 'POST' });
  return hub;
}

export interface Person {
  readonly email: string;
  readonly token: string;
  /** Id of the root. */
  readonly root: string;
}

export async function person(hub: TestHub): Promise<Person> {
  const { email, id, token } = await newUser(hub);
  return { email, token, root: `n::${id}` };
}

export interface Visitor extends Client {
  readonly id: string;
  readonly root: string;
  readonly channel: string;
  /** Runs a walker and gives the answer, or the error; other messages before it are passed over. */
  walk(walker: string, context?: object, node?: string): Promise<Received>;
}

/** Connects to /websocket and takes the connection event. @param token of a user; none: nobody. */
export async function visit(
  t: Test,
  hub: { readonly port: number },
  token?: string,
  query = '',
): Promise<Visitor> {
  const headers = token === undefined ? {} : bearer(token);
  const client = await connect(t, hub, `/websocket${query}`, { headers });
  const { data } = await client.next('connection');
  // Another hub reaches it once its own hub listens for it.
  await client.settled();
  const walk = async (walker: string, context: object = {}, node?: string): Promise<Received> => {
    client.send({ type: 'walker', walker, node, response: true, context });
    for (;;) {
      const message = await client.next();
      if ('status' in message || 'error' in message) return message;
    }
  };
  return Object.assign(client, { id: data.client_id, root: data.root_id, channel: data.channel_id, walk });
}

export interface RestAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Received;
}

/** One request; a body becomes JSON, unless it is a form. */
export async function request(
  hub: { readonly origin: string },
  path: string,
  {
    method = 'POST',
    token,
    body,
    headers = {},
  }: {
    readonly method?: string;
    readonly token?: string;
    readonly body?: unknown;
    readonly headers?: Record<string, string>;
  } = {},
): Promise<RestAnswer> {
  const isForm = body instanceof FormData;
  const answer = await fetch(`${hub.origin}${path}`, {
    method,
    headers: {
      ...(token !== undefined && bearer(token)),
      ...(body !== undefined && !isForm && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: isForm || typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await answer.text();
  let parsed: unknown = text;
  try {
    parsed = JSON.parse(text);
  } catch {
    // Some answers are no JSON: they stay text.
  }
  return { status: answer.status, headers: answer.headers, body: parsed };
}
