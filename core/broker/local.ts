/** The broker of a hub that is alone: there is nobody to send to. */
import type { Broker } from './port.ts';

export const localBroker: Broker = {
  isDistributed: false,
  waitMs: 0,
  start: async () => {},
  publish: () => {},
  subscribe: async () => {},
  unsubscribe: () => {},
  send: () => {},
  append: async () => true,
  history: async (_topic, position) => ({ position, frames: [] }),
  close: async () => {},
};
