/** Tells how far a long piece of work is, while it goes on: to whoever asks, to a user, to a channel, to a client. */
import { Root, socket, Type, walker } from 'hub:walker';

const methods = ['websocket', 'post'] as const;
const steps = Type.Integer({ default: 10, minimum: 1, maximum: 100 });

/** Does the steps. @param tell is called after each one. */
function work(steps: number, tell: (data: unknown) => void): string {
  for (let step = 1; step <= steps; step++) {
    // Something that takes its time.
    let sum = 0;
    for (let i = 0; i < 100_000; i++) sum += Math.sqrt(i);
    tell({ type: 'progress', data: { step, steps, percent: Math.round((100 * step) / steps), sum } });
  }
  return 'completed';
}

export const progress_to_self = walker({
  specs: { methods: ['websocket'], summary: 'Tells its progress to the client that started it.' },
  has: { steps },
}).entry(Root, (w) => w.report(work(w.steps, (data) => socket.notify_self(data))));

export const progress_to_user = walker({
  specs: { methods, summary: 'Tells its progress to all clients of a user.' },
  has: { steps, root_id: Type.String() },
}).entry(Root, (w) => w.report(work(w.steps, (data) => socket.notify_users([w.root_id], data))));

export const progress_to_channel = walker({
  specs: { methods, summary: 'Tells its progress to all clients of a channel.' },
  has: { steps, channel_id: Type.String() },
}).entry(Root, (w) => w.report(work(w.steps, (data) => socket.notify_channels([w.channel_id], data))));

export const progress_to_client = walker({
  specs: { methods, summary: 'Tells its progress to one client.' },
  has: { steps, client_id: Type.String() },
}).entry(Root, (w) => w.report(work(w.steps, (data) => socket.notify_clients([w.client_id], data))));
