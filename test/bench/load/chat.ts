/** Posts of one member of a room; all members get each of them. */
import { chatText, chatToken, type Wire } from '../wire.ts';
import { type Client, frame, openAll } from './client.ts';
import type { LoadSpec, Sample, Target, Timing } from './job.ts';
import { closeAll, failureOf, measure } from './window.ts';

/** Posts that are sent together, and how many such batches are on their way. */
const BATCH = 8;
const BATCHES = 2;

export async function loadChat(
  load: LoadSpec & { kind: 'chat' },
  target: Target,
  wire: Wire,
  timing: Timing,
): Promise<Sample> {
  const clients = await openAll(load.members, target.port, wire);
  // Of its own, so that nothing of another sample is sent back.
  const room = { Type: 'GLOBAL', RoomTypeObject: `${Date.now()}` };
  let uuid = '';
  for (const client of clients) {
    client.send(frame(wire.encode('subscribe', { jwt: chatToken })));
    client.send(frame(wire.encode('JOIN', { Room: room })));
    const { Room } = await nextOf<{ Room: { Uuid: string } }>(client, wire, 'ROOM_UPDATE');
    uuid = Room.Uuid;
  }

  const [poster] = clients;
  if (poster === undefined) throw new Error('a room needs members');
  const text = chatText(load.bytes);
  const request = frame(wire.encode('POST', { Message: { RoomUuid: uuid, Message: text } }));
  poster.send(request);
  let size = 0;
  for (const client of clients) {
    const posted = await nextOf<{ Message: string; Author: string }>(client, wire, '');
    if (posted.Message !== text || posted.Author !== 'ann')
      throw new Error(`not the post: ${posted.Message}`);
    size = Buffer.byteLength(wire.encode('', posted));
  }

  const batch = Buffer.concat(Array<Buffer>(BATCH).fill(request));
  let deliveries = 0;
  let sent = 0;
  const refill = () => {
    while (sent * clients.length - deliveries <= (BATCHES - 1) * BATCH * clients.length) {
      poster.send(batch);
      sent += BATCH;
    }
  };
  for (const client of clients) {
    client.count(size, (count) => {
      deliveries += count;
      refill();
    });
  }
  refill();
  const { amount, seconds, shares } = await measure(
    target,
    timing,
    () => deliveries,
    () => failureOf(clients),
  );
  closeAll(clients);
  return { value: amount / seconds / clients.length, detail: {}, shares };
}

/** The content of the next message of a type; posts have none. Passes over others. */
async function nextOf<C>(client: Client, wire: Wire, type: string): Promise<C> {
  for (;;) {
    const message = wire.decode(await client.next());
    if (message.type === type) return message.content as C;
    if (message.type === 'error') throw new Error(JSON.stringify(message.content));
  }
}
