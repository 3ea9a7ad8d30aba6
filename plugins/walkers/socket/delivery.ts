/** From the names that clients and walkers use to connections. */
import type { Hub, JsonText } from '../../../core/index.ts';
import type { Delivery } from '../engine.ts';
import type { Socket } from './endpoint.ts';
import { connectionIdOf, groupOfChannel, groupOfRoot } from './visitor.ts';

/** A function that sends `data`, as it is, to every connection that is meant. Unknown names mean nobody. */
export function deliveryOn({ notify }: Hub, { data: message }: Socket): Delivery {
  return (to, targets, data: JsonText) => {
    if (to === 'users') notify.channels(targets.map(groupOfRoot), message(data));
    else if (to === 'channels') notify.channels(targets.map(groupOfChannel), message(data));
    else notify.clients(targets.map(connectionIdOf).filter(isKnown), message(data));
  };
}

function isKnown(id: string | undefined): id is string {
  return id !== undefined;
}
