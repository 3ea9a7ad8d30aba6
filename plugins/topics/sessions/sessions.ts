/** Sessions: what a connection may get follows from the token it holds, and changes with it at once. */
import type { Connection, Hub, Message } from '../../../core/index.ts';
import type { Clock } from '../clock.ts';
import { Limiter } from '../limiter.ts';
import type { ClaimNames } from './claims.ts';
import { NOBODY, type Recipient, recipientOf } from './recipient.ts';

/** The state of a connection. */
export class Session {
  recipient: Recipient = NOBODY;
  /** What it subscribed to, on endpoints where clients choose. */
  readonly patterns = new Set<string>();
  readonly limiter: Limiter<Message>;

  constructor(limiter: Limiter<Message>) {
    this.limiter = limiter;
  }
}

export interface SessionRules {
  readonly claims: ClaimNames;
  /** Index keys of a session at most. */
  readonly sessionKeys: number;
  readonly clock: Clock;
}

export function newSession(connection: Connection<unknown>, clock: Clock): Session {
  return new Session(new Limiter<Message>(clock, (message) => connection.send(message)));
}

/**
 * Keeps the sessions of all connections whose data is a `Session`.
 * @param place puts a connection into the channels that its session asks for.
 */
export function keepSessions(
  hub: Hub,
  rules: SessionRules,
  place: (connection: Connection<Session>) => void,
): void {
  const renew = (connection: Connection<unknown>) => {
    if (!hasSession(connection)) return;
    const { identity, data: session } = connection;
    session.limiter.clear();
    session.recipient =
      identity === undefined ? NOBODY : recipientOf(identity, rules.claims, rules.sessionKeys);
    if (session.recipient.keys.size === rules.sessionKeys) {
      hub.log.warn(
        { user: session.recipient.user },
        'a token asks for as many index keys as a session may have, or more',
      );
    }
    place(connection);
  };
  hub.hooks.opened.tap(renew);
  hub.hooks.identified.tap(({ connection }) => renew(connection));
  hub.hooks.closed.tap(({ connection }) => {
    if (hasSession(connection)) connection.data.limiter.clear();
  });
}

function hasSession(connection: Connection<unknown>): connection is Connection<Session> {
  return connection.data instanceof Session;
}
