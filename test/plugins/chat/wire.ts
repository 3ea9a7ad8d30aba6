/** A hub with chat, people who hold tokens, and clients that speak as those of Pydio Cells. */
import type { Test } from 'tap';
import { definePlugin, type Hub } from '../../../core/index.ts';
import { setUpChat } from '../../../plugins/chat/chat.ts';
import type { Clock } from '../../../plugins/chat/clock.ts';
import chat from '../../../plugins/chat/index.ts';
import { Options } from '../../../plugins/chat/options.ts';
import {
  type Client,
  connect,
  type Received,
  startHub,
  type TestHub,
  type TestOptions,
} from '../../helpers/hub.ts';

type ChatOptions = Parameters<typeof chat>[0];

export function startChat(t: Test, options: ChatOptions = {}, hub: TestOptions = {}): Promise<TestHub> {
  return startHub(t, { ...hub, plugins: [chat(options), ...(hub.plugins ?? [])] });
}

/** A clock that stands still until a test moves it. */
export class TestClock implements Clock {
  #now = 0;
  #ticks: (() => void)[] = [];

  now(): number {
    return this.#now;
  }

  every(_ms: number, tick: () => void): void {
    this.#ticks.push(tick);
  }

  /** Lets so many seconds pass. */
  pass(seconds: number): void {
    this.#now += seconds * 1_000;
    for (const tick of this.#ticks) tick();
  }
}

/** A hub whose time is the test's. */
export function startChatAt(t: Test, clock: Clock, options: ChatOptions = {}): Promise<TestHub> {
  const setup = (hub: Hub, complete: Options) => setUpChat(hub, complete, clock);
  const timed = definePlugin({ name: 'chat', api: '^1.0.0', options: Options, setup });
  return startHub(t, { plugins: [timed(options)] });
}

export interface Person {
  readonly name?: string;
  readonly profile?: string;
  readonly roles?: readonly string[];
  readonly workspaces?: readonly unknown[];
  readonly scope?: string;
}

/** A token of `id-<login>`. */
export function tokenOf(
  hub: TestHub,
  login: string,
  claims: Person = {},
  expiresIn?: number,
): Promise<string> {
  return hub.identity.sign(`id-${login}`, { name: login, ...claims }, expiresIn);
}

export interface ChatClient extends Client {
  /** Joins, and takes what comes until its own ROOM_UPDATE. @returns the room. */
  join(room?: object): Promise<Received>;
  post(room: string, text: string): void;
  /** Everything that came and was not taken, up to what the hub had to say until now. */
  all(): Promise<Received[]>;
  /** The next message that somebody posted, passing over others. */
  nextPost(): Promise<Received>;
}

let markers = 0;

/** A client without a session. */
export async function connectChat(
  t: Test,
  hub: { readonly port: number },
  path = '/chat',
): Promise<ChatClient> {
  const client = await connect(t, hub, path, { typeField: '@type' });
  return {
    ...client,
    join: async (room = { Type: 'GLOBAL' }) => {
      client.send({ '@type': 'JOIN', Room: room });
      return (await client.next('ROOM_UPDATE')).Room;
    },
    post: (RoomUuid, text) => client.send({ '@type': 'POST', Message: { RoomUuid, Message: text } }),
    all: async () => {
      await client.settled();
      const marker = `marker-${++markers}`;
      client.send({ '@type': 'POST', Message: { RoomUuid: marker } });
      const taken: Received[] = [];
      for (;;) {
        const message = await client.next();
        if (message['@type'] === 'error' && message.error.includes(marker)) return taken;
        taken.push(message);
      }
    },
    nextPost: async () => {
      for (;;) {
        const message = await client.next();
        if (message['@type'] === undefined) return message;
      }
    },
  };
}

/** A client with the session of a person. */
export async function logIn(t: Test, hub: TestHub, login: string, claims: Person = {}): Promise<ChatClient> {
  const client = await connectChat(t, hub);
  client.send({ '@type': 'subscribe', jwt: await tokenOf(hub, login, claims) });
  return client;
}
