/**
 * Ids of messages: UUIDs of version 8, whose first 48 bits are a sequence number that the message's own is not below. So a
 * message is found by its id without an index; the other 74 bits are random, and the id is compared in full.
 */
import { randomUUID } from 'node:crypto';

const HEAD = /^([0-9a-f]{8})-([0-9a-f]{4})-8/;

/** @param lowest the message gets this sequence number in the log of its room, or a higher one. */
export function newMessageId(lowest: number): string {
  const head = lowest.toString(16).padStart(12, '0');
  return `${head.slice(0, 8)}-${head.slice(8)}-8${randomUUID().slice(15)}`;
}

/** @returns undefined when it is no id of a message. */
export function lowestSequence(id: string): number | undefined {
  const [, high, low] = HEAD.exec(id) ?? [];
  return high === undefined ? undefined : Number.parseInt(`${high}${low}`, 16);
}
