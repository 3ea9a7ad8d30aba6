/** What only walkers are asked for: the time from a save to an answer, that of a long visit, and what loops do to others. */
import { startedBy } from './machine.ts';
import type { Contender, Context, Measure } from './measures.ts';
import { giveCore } from './processes.ts';

/** Milliseconds that a saved file may take. */
const DEADLINE = 20_000;

let saved = 0;

/** Milliseconds from the save of a file that was not there to the first answer of its walker. */
export const coldStart: Measure = async (context, contender) => {
  const { port } = await context.server(contender);
  const name = `cold${++saved}`;
  const start = performance.now();
  await post(port, `/save/${name}`, {});
  while ((await post(port, `/walker/${name}`, {})) !== 200) {
    if (performance.now() - start > DEADLINE) throw new Error(`${name} was not there after ${DEADLINE} ms`);
  }
  return { value: performance.now() - start, detail: {} };
};

/** Microseconds for each node of a visit over so many neighbours of the root, which are read from the store. */
export function visitTime(nodes: number): Measure {
  return async (context: Context, contender: Contender) => {
    const { port } = await context.server(contender);
    const count = context.quick ? 10 : nodes;
    await expectOk(port, '/walker/plant', { count });
    const until = async (seconds: number) => {
      const start = performance.now();
      let visits = 0;
      for (; visits === 0 || performance.now() - start < seconds * 1_000; visits++)
        await expectOk(port, '/walker/visit', {});
      return ((performance.now() - start) * 1_000) / visits / count;
    };
    await until(context.timing.warmup);
    return { value: await until(context.timing.seconds), detail: {} };
  };
}

/** The same while the processes that run walkers have a core of their own. The generator has to yield: it may be the hub's that is left. */
export function apart(measure: Measure): Measure {
  return async (context, contender) => {
    const { pid } = await context.server(contender);
    using _core = giveCore(startedBy(pid), context.generator);
    return await measure(context, contender);
  };
}

async function expectOk(port: number, path: string, body: unknown): Promise<void> {
  const status = await post(port, path, body);
  if (status !== 200) throw new Error(`${path} answered ${status}`);
}

async function post(port: number, path: string, body: unknown): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  await response.arrayBuffer();
  return response.status;
}
