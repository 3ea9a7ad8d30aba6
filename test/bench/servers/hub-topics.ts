/** The hub with topics: `/all` and `/one` publish an event for every session of `/topics`, or for the user `u0`. */
import { definePlugin } from '../../../core/index.ts';
import topics from '../../../plugins/topics/index.ts';
import { Publish } from '../wire.ts';
import { startBenchHub } from './hub-start.ts';

/** Offsets of messages that are compared by their size need the same number of digits. */
const EARLIER = 100_000;

const bench = definePlugin({
  name: 'bench',
  api: '^1.0.0',
  requires: ['topics'],
  setup(hub) {
    const service = hub.use('topics');
    // Thousands of users need no signatures: a token is a name here.
    hub.hooks.authenticate.tap(({ token }) => ({
      user: token,
      claims: { sub: token },
      expiresAt: undefined,
    }));
    for (const [name, key] of [
      ['all', 'everybody'],
      ['one', 'user:u0'],
    ] as const) {
      const topic = `bench.${name}`;
      service.define(topic, { schema: Publish, summary: 'News.', audience: () => ({ keys: [key] }) });
      const endpoint = hub.endpoint(`/${name}`, { envelope: { type: 'type', content: 'content' } });
      endpoint.on('PUBLISH', Publish, (content) => service.publish(topic, content));
    }
    for (let i = 0; i < EARLIER; i++) service.publish('bench.all', { text: '' });
  },
});

await startBenchHub([topics(), bench()]);
