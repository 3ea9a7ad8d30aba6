import { test } from 'tap';
import type { ClosedConnection, Connection } from '../../core/index.ts';
import { connect } from '../helpers/hub.ts';
import { Queue } from '../helpers/queue.ts';
import { connectRaw } from '../helpers/raw-client.ts';
import { startWith } from '../helpers/start-with.ts';

test('a client that answers no ping is closed and leaves its channels, one that answers stays', async (t) => {
  const { hub, parts } = await startWith(
    t,
    (hub) => {
      const endpoint = hub.endpoint('/', { envelope: { type: 'type' } });
      const joined = new Queue<Connection>();
      const closed = new Queue<ClosedConnection>();
      hub.hooks.opened.tap(async (connection) => {
        await hub.channels.join(connection, 'all');
        joined.push(connection);
      });
      hub.hooks.closed.tap((event) => closed.push(event));
      const members = () => hub.channels.members(endpoint, 'all');
      return { joined, closed, members };
    },
    { limits: { idleSeconds: 8 } },
  );
  const alive = await connect(t, hub, '/');
  const answering = await parts.joined.next();
  const dead = await connectRaw(t, hub, '/');
  const silent = await parts.joined.next();
  t.strictSame(parts.members(), [answering, silent]);

  const { connection, code } = await parts.closed.next();
  t.equal(connection, silent);
  t.equal(code, 1006);
  t.strictSame(parts.members(), [answering]);
  t.equal(await dead.closed, undefined, 'its socket is closed, should it be there after all');
  t.equal(alive.socket.readyState, alive.socket.OPEN);
});
