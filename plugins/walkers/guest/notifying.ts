/** `socket`, `topics` and `console` of a walker. */
import type { NotifyTarget } from '../runtime/run.ts';
import { tell, tellLog } from './run.ts';

function notify(to: NotifyTarget, targets: unknown, data: unknown): void {
  if (!Array.isArray(targets) || targets.some((target) => typeof target !== 'string'))
    throw new TypeError(`socket.notify_${to}() takes a list of ids`);
  tell('notify', `${to}\t${JSON.stringify(targets)}\t${jsonOf(data)}`);
}

/** JSON text, in which a tab never occurs; what has none (undefined, functions) is null. */
function jsonOf(data: unknown): string {
  return JSON.stringify(data) ?? 'null';
}

export const socket = {
  /** To the client that triggered the walker; nothing outside a WebSocket event. */
  notify_self: (data: unknown) => notify('self', [], data),
  notify_users: (roots: unknown, data: unknown) => notify('users', roots, data),
  notify_channels: (ids: unknown, data: unknown) => notify('channels', ids, data),
  notify_clients: (ids: unknown, data: unknown) => notify('clients', ids, data),
};

export const topics = {
  /** An event that other walkers and plugins may follow. */
  publish(topic: unknown, data: unknown): void {
    if (typeof topic !== 'string') throw new TypeError('topics.publish() takes the name of a topic');
    tell('emit', `${JSON.stringify(topic)}\t${jsonOf(data)}`);
  },
};

const levels = { debug: 'debug', log: 'info', info: 'info', warn: 'warn', error: 'error', trace: 'debug' };

/** The console of walkers: every line goes to the walker's log. */
export const walkerConsole = Object.fromEntries(
  Object.entries(levels).map(([method, level]) => [
    method,
    (...values: readonly unknown[]) => tellLog(level, values.map(shown).join(' ')),
  ]),
);

function shown(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof Error) return String(value.stack ?? value);
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}
