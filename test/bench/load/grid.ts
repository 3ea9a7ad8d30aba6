/** One UI paints, all of them get the cells; the next update leaves when every copy of the last one has come. */
import { deepStrictEqual } from 'node:assert/strict';
import { makeCells, makeTable } from '../grid.ts';
import { watch } from '../machine.ts';
import type { Wire } from '../wire.ts';
import { Client, frame } from './client.ts';
import type { LoadSpec, Sample, Target, Timing } from './job.ts';
import { closeAll, failureOf } from './window.ts';

const TABLE = 'bench';
/** An update that takes longer than this, in milliseconds, has lost a copy. */
const STALLED = 20_000;

export async function loadGrid(
  load: LoadSpec & { kind: 'grid' },
  target: Target,
  wire: Wire,
  timing: Timing,
): Promise<Sample> {
  await createTable(target.port, load.side);
  const clients: Client[] = [];
  for (let i = 0; i < load.connections; i++) clients.push(await openUi(target.port, wire));
  const painter = clients[0];
  if (!painter) throw new Error('a grid needs at least one connection');

  // Two grids in turn, so that every update changes something; of equal size, so that it can be counted.
  const cells = makeCells(load.side, 2);
  const updates = [cells, cells.toReversed().map((cell, id) => ({ ...cell, id }))].map((geogriddata) => ({
    geogriddata,
    request: frame(wire.encode('UPDATE_GRID', { geogriddata })),
  }));
  let size = 0;
  for (const { geogriddata, request } of updates) {
    painter.send(request);
    for (const [index, client] of clients.entries()) {
      const text = await client.next();
      size = Buffer.byteLength(text);
      if (index > 0) continue; // to compare one in full is enough: counting compares the sizes of all
      deepStrictEqual(wire.decode(text), { type: 'GEOGRIDDATA_UPDATE', content: geogriddata });
    }
  }

  let copies = 0;
  let complete = Promise.withResolvers<void>();
  for (const client of clients) {
    client.count(size, (count) => {
      copies += count;
      if (copies === clients.length) complete.resolve();
    });
  }
  let sent = 0;
  const update = async () => {
    copies = 0;
    complete = Promise.withResolvers();
    painter.send(updates[sent++ % 2]?.request ?? Buffer.alloc(0));
    const timer = setTimeout(() => {
      complete.reject(
        failureOf(clients) ?? new Error(`${copies} of ${clients.length} copies came in ${STALLED} ms`),
      );
    }, STALLED);
    await complete.promise.finally(() => clearTimeout(timer));
  };
  const updateFor = async (seconds: number) => {
    const start = performance.now();
    let done = 0;
    for (; done === 0 || performance.now() - start < seconds * 1000; done++) await update();
    return (performance.now() - start) / done;
  };

  await updateFor(timing.warmup);
  const first = sent;
  const shares = watch(target.serverPid);
  const start = performance.now();
  const value = await updateFor(timing.seconds);
  const used = shares();
  closeAll(clients);
  const serverMs = ((used.server ?? Number.NaN) * (performance.now() - start)) / (sent - first);
  return { value, detail: { 'server CPU ms': serverMs, updates: sent - first }, shares: used };
}

async function createTable(port: number, side: number): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/api/table/${TABLE}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(makeTable(TABLE, side)),
  });
  if (!response.ok) throw new Error(`the table was not created: ${response.status} ${await response.text()}`);
}

async function openUi(port: number, wire: Wire): Promise<Client> {
  const client = await Client.open(port, wire);
  client.send(frame(wire.encode('LISTEN', { gridId: TABLE })));
  const { type } = wire.decode(await client.next());
  if (type !== 'TABLE_SNAPSHOT') throw new Error(`no snapshot but ${type}`);
  return client;
}
