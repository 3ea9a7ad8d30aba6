/** A simulated field: controllers that talk to a hub over WebSockets, faster than life if need be. */
import { setTimeout as wait } from 'node:timers/promises';
import { SimulatedBoard } from './board.ts';
import { Sky } from './weather.ts';

/** Simulated ms from one reading to the next. */
const STEP = 60_000;
/** It begins at six in the morning, so that a short look sees a day. */
const MORNING = 6 * 3_600_000;

export interface FieldSettings {
  /** Such as `ws://localhost:8080/`. */
  readonly url: string;
  readonly controllers: number;
  /** Simulated seconds in one second. */
  readonly speed: number;
  readonly seed: number;
  readonly tokenOf: (controller: string) => Promise<string>;
  /** Told of what happens, for people. */
  readonly say: (line: string) => void;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** Runs until the signal. A hub that is not there is tried again. */
export async function simulate(settings: FieldSettings): Promise<void> {
  const { controllers, speed, seed, signal } = settings;
  const begin = Date.now();
  const now = () => MORNING + (Date.now() - begin) * speed;
  const sky = new Sky(seed);
  const links = await Promise.all(
    Array.from({ length: controllers }, (_, i) =>
      Link.make(`field-${String(i + 1).padStart(2, '0')}`, seed + i, now, settings),
    ),
  );
  for (let last = now(); !signal.aborted; ) {
    // So many steps as have come due: at high speeds a timer is too slow for one each.
    for (; now() - last >= STEP; last += STEP) {
      const weather = sky.at(last + STEP, STEP);
      for (const link of links) link.step(last + STEP, STEP, weather);
    }
    await wait(Math.max(10, Math.min(200, STEP / speed)), undefined, { signal }).catch(() => {});
  }
  for (const link of links) link.end();
}

/** A board and its connection. */
class Link {
  readonly board: SimulatedBoard;
  readonly #settings: FieldSettings;
  readonly #token: string;
  readonly #now: () => number;
  #socket: WebSocket | undefined;
  /** Unix ms before which it does not try to connect again. */
  #notBefore = 0;

  static async make(id: string, seed: number, now: () => number, settings: FieldSettings): Promise<Link> {
    return new Link(id, seed, now, settings, await settings.tokenOf(id));
  }

  private constructor(id: string, seed: number, now: () => number, settings: FieldSettings, token: string) {
    this.#settings = settings;
    this.#token = token;
    this.#now = now;
    const switchedOn = Date.now() - seed * 1_000;
    this.board = new SimulatedBoard({
      id,
      seed,
      // Its clock is an ordinary one: only the weather is faster.
      uptime: () => Date.now() - switchedOn,
      send: (message) => {
        if (this.#socket?.readyState !== WebSocket.OPEN) return false;
        this.#socket.send(message);
        return true;
      },
      disconnect: () => {
        settings.say(`${id} lost its connection`);
        this.end();
      },
    });
  }

  step(...[now, passed, weather]: Parameters<SimulatedBoard['step']>): void {
    if (this.#socket === undefined && this.board.mayConnect(now) && Date.now() >= this.#notBefore)
      this.#connect();
    this.board.step(now, passed, weather);
  }

  end(): void {
    this.#socket?.close();
    this.#socket = undefined;
  }

  #connect(): void {
    const url = new URL(this.#settings.url);
    url.searchParams.set('token', this.#token);
    const socket = new WebSocket(url);
    this.#socket = socket;
    socket.addEventListener('open', () => {
      this.#settings.say(`${this.board.id} is connected`);
      this.board.connected();
    });
    socket.addEventListener('message', ({ data }) => {
      this.#settings.say(`${this.board.id} is told ${data}`);
      this.board.told(String(data), this.#now());
    });
    socket.addEventListener('error', () => {});
    socket.addEventListener('close', () => {
      if (this.#socket === socket) this.#socket = undefined;
      this.#notBefore = Date.now() + 1_000;
    });
  }
}
