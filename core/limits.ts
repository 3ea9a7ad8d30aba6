/** What one connection may do. Checked before a message is parsed, unless stated. */
import { type Static, Type } from 'typebox';

/** Every limit with its default; an endpoint may set its own for its connections. */
export const ConnectionLimits = Type.Object(
  {
    messageBytes: Type.Integer({
      default: 65_536,
      minimum: 1,
      description: 'Longest message accepted, in bytes.',
    }),
    messagesPerSecond: Type.Number({
      default: 1_000,
      exclusiveMinimum: 0,
      description: 'Refill of the token bucket.',
    }),
    burst: Type.Integer({
      default: 2_000,
      minimum: 1,
      description: 'Size of the token bucket, in messages.',
    }),
    refusals: Type.Integer({
      default: 100,
      minimum: 0,
      description:
        'Messages answered with `rate_limited` before the connection is closed; each one accepted takes one off.',
    }),
    mailbox: Type.Integer({
      default: 256,
      minimum: 1,
      description: 'Messages that wait for or are in a handler.',
    }),
    outboxBytes: Type.Integer({
      default: 1_048_576,
      minimum: 1_024,
      description: 'Bytes that may wait for a slow reader before the overflow of each message type applies.',
    }),
    channels: Type.Integer({
      default: 128,
      minimum: 1,
      description: 'Channels a connection may be in at a time.',
    }),
    handshakeMs: Type.Integer({
      default: 10_000,
      minimum: 1,
      description:
        'Time to decide about an upgrade whose request has arrived, and about joining a channel: tokens and taps. For the request itself uWebSockets.js allows 30 s.',
    }),
    authenticationMs: Type.Integer({
      default: 10_000,
      minimum: 1,
      description: 'Time until a token came in a message, on endpoints that need one.',
    }),
  },
  { additionalProperties: false },
);
export type ConnectionLimits = Static<typeof ConnectionLimits>;

/** A token bucket: `perSecond` messages, up to `burst` at once. Full at first. */
export class TokenBucket {
  #tokens: number;
  #refilledAt: number;

  constructor(burst: number, now: number) {
    this.#tokens = burst;
    this.#refilledAt = now;
  }

  /** Takes one token. @param now ms of a clock that never goes back. @returns whether there was one. */
  take(limits: ConnectionLimits, now: number): boolean {
    const refill = ((now - this.#refilledAt) / 1000) * limits.messagesPerSecond;
    this.#tokens = Math.min(limits.burst, this.#tokens + refill);
    this.#refilledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
