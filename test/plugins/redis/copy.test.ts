/** `hub store copy`: an installation moves to Redis, and back. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { API, project } from '../../helpers/project.ts';
import { ownPrefix, withRedis } from './service.ts';

const REDIS = JSON.stringify(new URL('../../../plugins/redis/index.ts', import.meta.url).href);

/** Keeps notes of each kind. */
const config = (prefix: string) => `
  import { definePlugin } from ${API};
  import redis from ${REDIS};
  const notes = definePlugin({ name: 'notes', api: '^1.0.0', setup(hub) {
    const documents = hub.store.collection('documents');
    const log = hub.store.log('log');
    const blobs = hub.store.blobs('blobs');
    hub.command({ name: 'add', summary: 'adds three, and forgets the newest entry', async run() {
      for (const text of ['one', 'two', 'three']) {
        await documents.put(text, { text });
        await log.append('all', text);
        await blobs.put(text);
      }
      await log.delete('all', 3);
    } });
    hub.command({ name: 'list', summary: 'lists all', async run({ print }) {
      const entries = (await log.read('all')).map(({ sequence, value }) => sequence + value);
      print([...await documents.ids(), ...entries, (await blobs.ids()).length].join(' '));
    } });
  } });
  export const plugins = [notes()];
  export default { plugins: [...plugins, redis({ prefix: '${prefix}' })] };`;

await withRedis(() => {
  test('an installation moves from sqlite to Redis and from there to lowdb, never under a hub that runs', async (t) => {
    const { folder, run, runQuickly, start } = project(t, config(ownPrefix(t)));
    const withStore = (store: string) =>
      `import { plugins } from './hub.config.ts'; export default { plugins, store: '${store}' };`;
    for (const store of ['sqlite', 'lowdb']) writeFileSync(join(folder, `${store}.ts`), withStore(store));
    const notes = (where: string, command: string) =>
      runQuickly(['notes', command], { HUB_CONFIG: `${where}.ts` });
    const copying = (from: string, to: string) => ['store', 'copy', '--from', from, '--to', to];
    const copy = (from: string, to: string) => runQuickly(copying(from, to));
    await notes('sqlite', 'add');

    const onSqlite = await start({ HUB_CONFIG: 'sqlite.ts' });
    t.match(await copy('sqlite', 'redis'), {
      code: 1,
      stderr: 'hub: --from sqlite: a hub is at work there; stop it first\n',
    });
    onSqlite.child.kill('SIGTERM');
    await onSqlite.ended;
    const moved = await run(copying('sqlite', 'redis'));
    t.equal(moved.code, 0);
    t.match(moved.stdout.split('\n'), [
      'collection notes/documents: 3 documents',
      'log notes/log: 2 entries of 1 keys',
      'blobs notes/blobs: 3',
      'all of it was compared with the source',
      /^The small files in .*data\/state are no part of a store: they stay where they are\.$/,
    ]);
    const three = 'one three two 1one 2two 3\n';
    t.match(
      await Promise.all([notes('hub.config', 'list'), copy('sqlite', 'redis'), copy('redis', 'postgres')]),
      [
        { code: 0, stdout: three },
        { code: 1, stderr: /^hub: the target is not empty: it holds notes\//m },
        { code: 1, stderr: /^hub: --to must be sqlite, lowdb, or a plugin of .*, found "postgres"$/m },
      ],
    );

    const onRedis = await start();
    t.match(await copy('redis', 'lowdb'), { code: 1, stderr: /^hub: --from redis: a hub is at work there/m });
    onRedis.child.kill('SIGTERM');
    await onRedis.ended;
    t.match(await copy('redis', 'lowdb'), { code: 0 });
    t.match(await notes('lowdb', 'list'), { stdout: three });
  });
});
