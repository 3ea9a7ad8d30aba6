import { node, Root, Type, walker } from 'hub:walker';

const Entry = node('Entry', { key: Type.String() });

/** Writes one line, and answers with how many there are. */
export const enter = walker({
  specs: { auth: false, methods: ['websocket', 'post'] },
  has: { key: Type.String() },
}).entry(Root, (w, here) => {
  here.connect(Entry({ key: w.key }));
  w.report(here.out(Entry).length);
});

export const entries = walker({ specs: { auth: false, methods: ['websocket', 'post'] } }).entry(
  Root,
  (w, here) => {
    w.report(here.out(Entry).map(({ key }) => key));
  },
);
