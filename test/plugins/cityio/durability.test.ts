import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { type Test, test } from 'tap';
import { type Client, connect } from '../../helpers/hub.ts';
import { get, makeCells, makeTable, openInterface, post, startCity, startTable } from './city.ts';

test('after a restart everything is there: tables, history, scenarios', async (t) => {
  const data = t.testdir();
  const first = await startTable(t, 4, {}, { data });
  const { json: oldest } = await get(first, '/api/table/test/meta/id');
  const ui = await openInterface(t, first);
  ui.send({ type: 'SAVE_SCENARIO', content: { name: 'a', description: 'b' } });
  const { content: scenarios } = await ui.next('SCENARIOS');
  await post(first, '/api/table/test', { GEOGRIDDATA: makeCells(4, 7), LAYERS: [{ id: 1 }] });
  await post(first, '/api/table/Other', makeTable(2));
  const { text } = await get(first, '/api/table/test');
  await first.stop();

  const second = await startCity(t, { demo: true }, { data });
  t.same((await get(second, '/api/table/list')).json, ['Other', 'test'], 'no demo beside them');
  t.equal((await get(second, '/api/table/test')).text, text);
  t.equal((await get(second, `/api/commit/${oldest}`)).status, 200);
  const again = await openInterface(t, second);
  again.send({ type: 'LIST_SCENARIOS', content: {} });
  t.same((await again.next()).content, scenarios);
  again.send({ type: 'RESTORE_SCENARIO', content: { name: 'a' } });
  t.same((await again.next('GEOGRIDDATA_UPDATE')).content, makeTable(4).GEOGRIDDATA);
});

interface HubProcess {
  readonly child: ChildProcess;
  readonly port: number;
  readonly origin: string;
}

/** A hub in a process of its own, which can be killed. */
async function startProcess(t: Test, data: string): Promise<HubProcess> {
  const child = fork(new URL('./hub-process.ts', import.meta.url), [data]);
  t.teardown(() => child.kill('SIGKILL'));
  const [port] = await once(child, 'message');
  return { child, port, origin: `http://127.0.0.1:${port}` };
}

async function kill({ child }: HubProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** Paints without a pause. @returns a function that tells the last height that came back from the hub. */
function paint(client: Client, firstHeight: number): () => number {
  let acknowledged = firstHeight - 1;
  const next = (height: number) =>
    client.send({ type: 'UPDATE_GRID', content: { geogriddata: makeCells(4, height) } });
  client.socket.on('message', (data) => {
    const { type, content } = JSON.parse(String(data));
    if (type !== 'GEOGRIDDATA_UPDATE') return;
    acknowledged = content[0].height;
    next(acknowledged + 1);
  });
  next(firstHeight);
  return () => acknowledged;
}

test('kill -9 in a storm of acknowledged updates loses none of them', async (t) => {
  const data = t.testdir();
  const tables = ['one', 'two', 'three'];
  const heights = tables.map(() => 1);
  let hub = await startProcess(t, data);
  for (const table of tables) await post(hub, `/api/table/${table}`, makeTable(4));
  for (let round = 0; round < 3; round++) {
    const acknowledged: (() => number)[] = [];
    for (const [index, table] of tables.entries()) {
      const ui = await connect(t, hub, '/interface');
      ui.send({ type: 'LISTEN', content: { gridId: table } });
      await ui.next('TABLE_SNAPSHOT');
      acknowledged.push(paint(ui, heights[index] ?? 1));
    }
    // A module posts by REST until the process is gone.
    const posted: number[] = [];
    const killed = hub;
    const storm = (async () => {
      for (let value = round * 1_000_000; ; value++) {
        const { status } = await post(killed, '/api/table/one/indicators', [{ name: 'x', value }]);
        if (status === 200) posted.push(value);
        if (posted.length === 40) await kill(killed);
      }
    })();
    await t.rejects(storm);

    hub = await startProcess(t, data);
    for (const [index, table] of tables.entries()) {
      const { json } = await get(hub, `/api/table/${table}`);
      const [height, seen] = [json.GEOGRIDDATA[0].height, acknowledged[index]?.() ?? 0];
      t.ok(height >= seen, `${table}: acknowledged ${seen}, stored ${height}`);
      t.same(json.GEOGRIDDATA, makeCells(4, height), 'a whole state');
      t.ok(seen > (heights[index] ?? 0), 'it was a storm');
      heights[index] = height + 1;
      if (table === 'one')
        t.ok(json.indicators[0].value >= (posted.at(-1) ?? 0), 'the last post that got its 200');
    }
  }
});
