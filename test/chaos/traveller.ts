/** A WebSocket client that goes on at some other hub whenever its own is lost. */
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import WebSocket from 'ws';
import type { Received } from '../helpers/hub.ts';
import type { World } from './world.ts';

/** Milliseconds for a handshake; and, at most, until the next attempt. */
const HANDSHAKE = 3_000;
const PAUSE = 200;

export interface Journey {
  readonly path: string;
  /** A connection is there. */
  opened(send: (message: unknown) => void): void;
  received(message: Received, send: (message: unknown) => void): void;
  /** It is lost. */
  lost?(): void;
}

export class Traveller {
  readonly #world: World;
  readonly #journey: Journey;
  readonly #end: Promise<void>;
  #socket: WebSocket | undefined;
  #isEnding = false;

  constructor(world: World, journey: Journey) {
    this.#world = world;
    this.#journey = journey;
    this.#end = this.#travel();
  }

  /** @returns whether it could be sent: it may get lost. */
  send(message: unknown): boolean {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  async end(): Promise<void> {
    this.#isEnding = true;
    this.#socket?.terminate();
    await this.#end;
  }

  async #travel(): Promise<void> {
    while (!this.#isEnding) {
      const url = `ws://127.0.0.1:${this.#world.somePort()}${this.#journey.path}`;
      const socket = new WebSocket(url, { handshakeTimeout: HANDSHAKE });
      this.#socket = socket;
      const send = (message: unknown) => void this.send(message);
      socket.on('message', (data) => this.#journey.received(JSON.parse(String(data)), send));
      // Followed by its close.
      socket.on('error', () => {});
      socket.on('open', () => this.#journey.opened(send));
      await once(socket, 'close');
      this.#journey.lost?.();
      if (!this.#isEnding) await wait(PAUSE * Math.random());
    }
  }
}
