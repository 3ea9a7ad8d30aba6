/** The broker of a hub that is alone: there is nobody to send to. */
import type { Broker } from './port.ts';

export const localBroker: Broker = {
  isDistributed: false,
  start: async () => {},
  publish: () => {},
  subscribe: () => {},
  unsubscribe: () => {},
  send: () => {},
  close: async () => {},
};
