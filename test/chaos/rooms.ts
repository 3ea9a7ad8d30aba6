/** Chat: members of rooms post, and see what others do. */
import type { Test } from 'tap';
import { answerOf, Ledger, Loop, type Traffic, tokenOf, untilAgreed } from './traffic.ts';
import { Traveller } from './traveller.ts';
import type { World } from './world.ts';

const ROOMS = 3;
/** One of so many members posts. */
const SILENT = 3;
/** Milliseconds, on average: all that is posted to a room must be in one page of its history. */
const POSTS_EVERY = 2_000;

interface Room {
  readonly Uuid: string;
  readonly Users: readonly string[];
}

/** One in a room. */
interface Member {
  readonly login: string;
  readonly object: string;
  readonly client: Traveller;
  /** As its connection saw it last. */
  room: Room | undefined;
  /** The texts that came over its present connection, the history among them. */
  texts: string[];
}

interface Post {
  readonly Message: string;
}

export class Rooms implements Traffic {
  readonly #ledgers = Array.from({ length: ROOMS }, () => new Ledger());
  readonly #members: readonly Member[];
  readonly #loops: readonly Loop[];

  static async start(world: World, members: number): Promise<Rooms> {
    const logins = Array.from({ length: members }, (_, index) => `u${index}`);
    const tokens = await Promise.all(logins.map((name) => tokenOf(world, { sub: name, name })));
    return new Rooms(world, logins, tokens);
  }

  private constructor(world: World, logins: readonly string[], tokens: readonly string[]) {
    this.#members = logins.map((login, index) =>
      this.#enter(world, login, `${index % ROOMS}`, tokens[index] ?? ''),
    );
    const posting = this.#members.filter((_, index) => Math.floor(index / ROOMS) % SILENT === 0);
    this.#loops = posting.map(
      (member) =>
        new Loop(POSTS_EVERY, async (n) => {
          const { room, client, login, object } = member;
          const Message = `${login}/${n}`;
          if (room === undefined) return;
          this.#ledgers[Number(object)]?.tried.add(Message);
          client.send({ '@type': 'POST', Message: { RoomUuid: room.Uuid, Message } });
        }),
    );
  }

  async stop(): Promise<void> {
    await Promise.all(this.#loops.map((loop) => loop.stop()));
  }

  async check(t: Test, world: World): Promise<void> {
    const headers = { authorization: `Bearer ${await tokenOf(world, { sub: 'root', scope: 'chat:admin' })}` };
    for (const [object, ledger] of this.#ledgers.entries()) {
      const members = this.#members.filter((member) => member.object === `${object}`);
      const everybody = members.map(({ login }) => login).sort();
      const path = () => `/chat/rooms/${members[0]?.room?.Uuid}/messages?limit=1000`;
      const ask = async (port: number) => {
        const answer = (await answerOf(port, path(), { headers })) as { messages: Post[] } | undefined;
        return answer?.messages.map(({ Message }) => Message);
      };
      // A post that was not seen yet may still be under way.
      const isSeen = (texts: readonly string[] | undefined) =>
        members.every(
          ({ texts: seen, room }) =>
            `${seen}` === `${texts}` && `${room?.Users.toSorted()}` === `${everybody}`,
        );
      const texts = (await untilAgreed(world, ask, isSeen)) ?? [];
      t.strictSame(ledger.problems(texts), []);
      for (const { login, texts: seen, room } of members) {
        t.strictSame(seen, texts, `${login} has all messages`);
        t.strictSame(room?.Users.toSorted(), everybody, `${login} sees everybody`);
      }
      for (const { login } of members) {
        const numbers = texts
          .filter((text) => text.startsWith(`${login}/`))
          .map((text) => Number(text.split('/')[1]));
        t.strictSame(
          numbers,
          numbers.toSorted((a, b) => a - b),
          `the posts of ${login} are in their order`,
        );
      }
    }
  }

  async end(): Promise<void> {
    await Promise.all(this.#members.map(({ client }) => client.end()));
  }

  #enter(world: World, login: string, object: string, jwt: string): Member {
    const client = new Traveller(world, {
      path: '/chat',
      opened: (send) => {
        member.texts = [];
        send({ '@type': 'subscribe', jwt });
        send({ '@type': 'JOIN', Room: { Type: 'GLOBAL', RoomTypeObject: object } });
      },
      received: (message, send) => {
        if (message['@type'] === 'ROOM_UPDATE') member.room = message.Room;
        else if (message['@type'] === undefined && message.Uuid !== undefined) {
          member.texts.push(message.Message);
          this.#ledgers[Number(object)]?.acknowledged.add(message.Message);
        }
        // What could not be done: it enters anew.
        else if (message['@type'] === 'error' && member.room === undefined)
          send({ '@type': 'JOIN', Room: { Type: 'GLOBAL', RoomTypeObject: object } });
      },
      lost: () => {
        member.room = undefined;
      },
    });
    const member: Member = { login, object, client, room: undefined, texts: [] };
    return member;
  }
}
