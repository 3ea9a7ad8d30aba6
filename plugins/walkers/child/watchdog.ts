/**
 * Ends the process when its hub is gone. In a thread of its own: the main thread may be in a walker that loops, and learns nothing
 * meanwhile. The hub holds the other end of a pipe, writes nothing into it, and cannot die without closing it.
 */
import { Socket } from 'node:net';
import { HUB_FD } from '../runtime/protocol.ts';

new Socket({ fd: HUB_FD, readable: true, writable: false }).on('error', end).on('close', end).resume();

/** Not by `process.exit`, which in a thread ends only the thread. */
function end(): void {
  process.kill(process.pid, 'SIGKILL');
}
