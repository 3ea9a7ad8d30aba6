/** What 200 users of 30 overlapping workspaces get of random events is what a naive model says they do. */
import { test } from 'tap';
import type { Client } from '../../helpers/hub.ts';
import { makeEvent, makeUsers, Random, Reference } from './model.ts';
import { received, startTopics, subscribe } from './wire.ts';

const EVENTS = 400;
const AT_ONCE = 50;

for (const seed of [1, 20_260_101]) {
  test(`200 users, 30 workspaces, ${EVENTS} events, seed ${seed}`, async (t) => {
    const random = new Random(seed);
    const users = makeUsers(random, 200, 30);
    const hub = await startTopics(t, { options: { nodeEventsBurst: 1_000_000 } });
    const reference = new Reference(users);
    const clients = new Map<string, Client>();
    for (let from = 0; from < users.length; from += AT_ONCE) {
      const connected = users.slice(from, from + AT_ONCE).map(async ({ id, login, ...claims }) => {
        clients.set(id, await subscribe(t, hub, id, { name: login, ...claims }));
      });
      await Promise.all(connected);
    }
    for (let n = 0; n < EVENTS; n++) {
      await hub.pass(random.below(80));
      const published = makeEvent(random, users);
      reference.publish(published, hub.clock.now());
      hub.topics.publish(published.topic, published.event);
    }
    await hub.pass(1_000);
    reference.advance(hub.clock.now());

    let deliveries = 0;
    for (const { id, login } of users) {
      const client = clients.get(id);
      const got =
        client === undefined ? [] : (await received(client)).map((message) => JSON.stringify(message));
      const expected = reference.got.get(id) ?? [];
      deliveries += expected.length;
      if (JSON.stringify(got.toSorted()) !== JSON.stringify(expected.toSorted()))
        t.strictSame(got, expected, login);
    }
    t.ok(deliveries > 5_000, `${deliveries} deliveries`);
  });
}
