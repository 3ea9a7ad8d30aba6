import { test } from 'tap';
import { HEAD, MemoryGraph, startPool } from './runtime-helpers.ts';

test('visits are breadth first in the order queued; entry abilities come before exit abilities on each node', async (t) => {
  const { build, run } = startPool(t);
  const built = await build({
    'a.ts': `${HEAD}
export const walk = walker()
  .entry(Root, (w, here) => {
    const [a, b, c] = [A({ val: 1 }), A({ val: 2 }), B({ tags: ['leaf'] })];
    here.connect(a); here.connect(b); a.connect(c); b.connect(c);
    w.report(['in root', w.visit(here.out()), w.visit([])]);
  })
  .entry(AnyNode, (w, here) => w.report(['any', here.id.split(':')[1]]))
  .entry([A, B], (w, here) => { w.report(['A or B', here]); w.visit(here.out()); })
  .exit(A, (w, here) => w.report(['left A', here.val]))
  .exit(Root, (w) => w.report('left root'));
export const stop = walker()
  .entry(Root, (w, here) => { w.visit([here, here]); w.report('first'); w.disengage(); w.report('to the end of the ability'); })
  .entry(Root, (w) => w.report('never'))
  .exit(Root, (w) => w.report('never'));
export const outer = walker().entry(Root, (w, here) => {
  const inner = spawn(stop(), here);
  w.report('goes on');
});`,
  });
  const graph = new MemoryGraph();
  const { values } = await run(built, 'walk', graph);
  t.same(
    values.map((value) => (value[1]?.context === undefined ? value : [value[0], value[1].context])),
    [
      ['in root', true, false],
      ['any', ''],
      'left root',
      ['any', 'A'],
      ['A or B', { val: 1 }],
      ['left A', 1],
      ['any', 'A'],
      ['A or B', { val: 2 }],
      ['left A', 2],
      ['any', 'B'],
      ['A or B', { tags: ['leaf'] }],
      ['any', 'B'],
      ['A or B', { tags: ['leaf'] }],
    ],
  );
  t.same((await run(built, 'stop', graph)).values, ['first', 'to the end of the ability']);
  t.same((await run(built, 'outer', graph)).values, ['first', 'to the end of the ability', 'goes on']);
});
