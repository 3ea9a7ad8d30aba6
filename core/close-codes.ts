/**
 * Why the hub closes a connection. 4000–4499: reconnecting is welcome, the reason ends with a delay hint;
 * 4500–4999: it is not, the client has to change something first. A frame that breaks RFC 6455, or is longer than any
 * endpoint accepts, makes the transport cut the connection without a close frame: clients see 1006.
 */
export const CLOSE_CODES = {
  restarting: {
    code: 4000,
    reason: 'the hub restarts; reconnect in 2000 ms',
    meaning: 'The hub stops or restarts. The time is another one for each client: see `limits.reconnectMs`.',
  },
  tooSlow: {
    code: 4001,
    reason: 'too slow to read; reconnect in 1000 ms',
    meaning: 'More waited for this reader than its outbox may hold, and it must not be lost.',
  },
  tokenExpired: {
    code: 4002,
    reason: 'token expired; reconnect with a new one in 0 ms',
    meaning: 'The token expired on an endpoint that needs one.',
  },
  missed: {
    code: 4003,
    reason: 'messages were lost on their way; reconnect in 0 ms',
    meaning: 'The hub cannot find out what this client lacks: who connects anew gets what there is.',
  },
  rateLimited: {
    code: 4500,
    reason: 'sends too fast',
    meaning: 'The connection went on after it was told `rate_limited`.',
  },
  unauthorized: {
    code: 4501,
    reason: 'not authenticated',
    meaning: 'No valid token came within the time allowed.',
  },
  invalidMessage: {
    code: 4502,
    reason: 'invalid message',
    meaning: 'The endpoint closes on messages it cannot read.',
  },
  refused: { code: 4503, reason: 'refused', meaning: 'The endpoint refused to open the connection.' },
} as const satisfies Record<string, { code: number; reason: string; meaning: string }>;

export type CloseReason = keyof typeof CLOSE_CODES;
