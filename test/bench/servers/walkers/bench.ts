/** The walkers of the benchmark. */
import { node, Root, Type, walker } from 'hub:walker';

const specs = { auth: false, methods: ['websocket', 'post'] } as const;

const Item = node('Item', { n: Type.Integer() });

/** The call that is compared: fields in, a report out. */
export const echo = walker({ specs, has: { id: Type.Integer(), text: Type.String() } }).entry(Root, (w) =>
  w.report({ id: w.id, text: w.text }),
);

export const plant = walker({ specs, has: { count: Type.Integer() } }).entry(Root, (w, here) => {
  for (let n = here.out(Item).length; n < w.count; n++) here.connect(Item({ n }));
});

/** Visits every item of the root. */
export const visit = walker({ specs })
  .entry(Root, (w, here) => w.visit(here.out(Item)))
  .entry(Item, (w, here) => {
    if (here.n === 0) w.report('first');
  });

/** Keeps its process busy until its limit ends it. */
export const loop = walker({ specs }).entry(Root, () => {
  for (;;);
});
