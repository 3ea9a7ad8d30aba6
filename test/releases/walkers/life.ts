/** Walkers of an installation: what one release has stored for them, the next one finds. */
import { node, Root, socket, Type, walker } from 'hub:walker';

const Tally = node('Tally', { n: Type.Integer() });

export const tally = walker().entry(Root, (w, here) => {
  const [found] = here.out(Tally);
  const kept = found ?? Tally({ n: 0 });
  if (found === undefined) here.connect(kept);
  kept.n += 1;
  w.report(kept.n);
});

export const tell = walker().entry(Root, (w) => {
  socket.notify_users([w.root.id], { to: 'user' });
  socket.notify_channels(['lobby'], { to: 'channel' });
});
