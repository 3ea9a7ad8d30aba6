/** Logs: one JSON line an entry, through pino. */
import { type DestinationStream, type Logger, pino } from 'pino';

export type Log = Logger;
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Fields that hold secrets wherever they turn up in what is logged. */
const SECRET_FIELDS = ['token', 'password', 'secret', 'authorization', 'cookie', 'jwt'];

/** @param destination where the lines go; default standard error, since standard output belongs to the commands. */
export function createLog(
  level: LogLevel,
  destination: DestinationStream = pino.destination({ fd: 2, sync: false }),
): Log {
  const paths = SECRET_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]);
  return pino({ level, base: null, redact: { paths, censor: '[hidden]' } }, destination);
}
