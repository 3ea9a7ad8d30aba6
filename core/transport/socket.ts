/** A uWS socket made safe: nothing throws after the close, and what a slow reader cannot take is held in bounds. */
import type { Message } from '../messages.ts';
import type { WebSocket } from './uws.ts';
import { WaitingList } from './waiting.ts';

/** Messages queued in one turn before they are handed over early, so that a turn's queue stays small. */
const TURN_MAX = 128;

/** What a socket tells its connection. */
export interface SocketOwner {
  /** Bytes in the transport's buffer from which on messages wait, and bytes that may wait. */
  readonly outboxBytes: number;
  /** Called when messages start to wait. @param waiting bytes in the transport's buffer. */
  congested(waiting: number): void;
  /** Called once, when a message that must not be lost found no place; perhaps while uWS delivers, so it must not close at once. */
  overflowed(): void;
}

/** The sockets of a hub that have messages to hand over at the end of this turn of the event loop. */
export class TurnQueue {
  #sockets: Socket[] = [];
  readonly #flush = () => this.flush();

  add(socket: Socket): void {
    if (this.#sockets.push(socket) === 1) setImmediate(this.#flush);
  }

  /** Hands everything over now: needed before a publish, which would overtake it. */
  flush(): void {
    if (this.#sockets.length === 0) return;
    const sockets = this.#sockets;
    this.#sockets = [];
    for (const socket of sockets) socket.flush();
  }
}

export class Socket {
  /** True while uWS runs a callback of this socket, and so has it corked. */
  corked = false;
  readonly #turnQueue: TurnQueue;
  readonly #owner: SocketOwner;
  #ws: WebSocket<unknown> | undefined;
  #turn: Message[] | undefined;
  #waiting: WaitingList | undefined;
  #overflowed = false;
  #flushTurn: (() => void) | undefined;

  constructor(turnQueue: TurnQueue, owner: SocketOwner) {
    this.#turnQueue = turnQueue;
    this.#owner = owner;
  }

  get isOpen(): boolean {
    return this.#ws !== undefined;
  }

  get isCongested(): boolean {
    return this.#waiting !== undefined;
  }

  opened(ws: WebSocket<unknown>): void {
    this.#ws = ws;
  }

  closed(): void {
    this.#ws = undefined;
    this.#turn = undefined;
    this.#waiting = undefined;
  }

  /** At once inside a callback of this socket, else at the end of the turn; in order in any case. */
  send(message: Message): void {
    if (this.#ws === undefined) return;
    if (this.#turn === undefined) {
      if (this.corked || this.#waiting !== undefined) this.#hand(message);
      else {
        this.#turn = [message];
        this.#turnQueue.add(this);
      }
    } else if (this.#turn.push(message) >= TURN_MAX) this.flush();
  }

  flush(): void {
    if (this.#ws === undefined || this.#turn === undefined) return;
    this.#flushTurn ??= () => {
      const messages = this.#turn ?? [];
      this.#turn = undefined;
      for (const message of messages) this.#hand(message);
    };
    if (this.#turn.length === 1) this.#flushTurn();
    else this.#ws.cork(this.#flushTurn);
  }

  /** Runs `run` at once, with this socket corked unless it is closed. */
  whileCorked(run: () => void): void {
    if (this.#ws === undefined) run();
    else this.#ws.cork(run);
  }

  /** Sends everything queued, then a close frame. */
  close(code: number, reason: string): void {
    this.flush();
    if (!this.#overflowed) this.#sendWaiting(Number.POSITIVE_INFINITY);
    this.#ws?.end(code, reason);
  }

  subscribe(topic: string): void {
    if (this.#waiting === undefined) this.#ws?.subscribe(topic);
  }

  unsubscribe(topic: string): void {
    this.#ws?.unsubscribe(topic);
  }

  /** Publishes to the other subscribers of a topic this socket is subscribed to. */
  publish(topic: string, payload: string | Uint8Array): void {
    this.#ws?.publish(topic, payload);
  }

  /** Lets messages wait from now on when the transport's buffer is full. */
  holdIfFull(): void {
    if (this.#ws === undefined || this.#waiting !== undefined) return;
    const buffered = this.#ws.getBufferedAmount();
    if (buffered <= this.#owner.outboxBytes) return;
    this.#waiting = new WaitingList(this.#owner.outboxBytes);
    this.#owner.congested(buffered);
  }

  /** A message that must not be lost found no place. Idempotent. */
  overflow(): void {
    if (this.#overflowed) return;
    this.#overflowed = true;
    this.#owner.overflowed();
  }

  /** uWS has written some of its buffer. @returns whether nothing waits any more, after something did. */
  drained(): boolean {
    if (this.#waiting === undefined) return false;
    this.#ws?.cork(() => this.#sendWaiting(this.#owner.outboxBytes));
    return this.#waiting === undefined;
  }

  /** Sends what waits until the transport's buffer has more than `limit` bytes. */
  #sendWaiting(limit: number): void {
    while (this.#ws !== undefined && this.#ws.getBufferedAmount() <= limit) {
      const message = this.#waiting?.shift();
      if (message === undefined) {
        this.#waiting = undefined;
        return;
      }
      this.#ws.send(message.payload());
    }
  }

  /** Sends the message, or lets it wait. */
  #hand(message: Message): void {
    this.holdIfFull();
    if (this.#waiting === undefined) this.#ws?.send(message.payload());
    else if (!this.#overflowed && !this.#waiting.add(message)) {
      message.type.congestion.closed++;
      this.overflow();
    }
  }
}
