import { readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { test } from 'tap';
import { childrenOf, withoutProc as skip } from './children.ts';
import { killable } from './killable.ts';
import { visit } from './wire.ts';

const FILES = {
  'loop.ts': `import { Root, socket, walker } from 'hub:walker';
export const loop = walker({ specs: { methods: ['websocket'], auth: false } }).entry(Root, () => {
  socket.notify_self({ looping: true });
  for (;;) { try { for (;;); } catch {} }
});
`,
};

/** Ended, although perhaps nobody has asked how. */
function hasEnded(pid: number): boolean {
  try {
    return /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return true;
  }
}

test('when the hub is killed, processes that run walkers end, also one whose walker loops', {
  skip,
}, async (t) => {
  // Without a watchdog the loop would go on for longer than the test may take.
  const hub = await killable(t, FILES, 600_000).start();
  const guest = await visit(t, hub);
  guest.send({ type: 'walker', walker: 'loop' });
  t.strictSame(await guest.next(), { looping: true });
  const children = childrenOf(hub.child.pid ?? 0);
  t.ok(children.length >= 2, 'one that loops and one that is idle');
  hub.child.kill('SIGKILL');
  await hub.ended;
  while (!children.every(hasEnded)) await setImmediate();
  t.pass('all have ended');
});
