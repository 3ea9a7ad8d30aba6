/** Opens the ports of a hub. */
import { networkInterfaces } from 'node:os';
import { StartError } from './errors.ts';
import type { Server } from './transport/server.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/**
 * Opens all of the ports, or none.
 * @param ports 0: a free one.
 * @throws StartError naming the one that cannot be had.
 */
export function openPorts(server: Server, host: string, ports: readonly number[]): readonly Address[] {
  try {
    return ports.map((port) => ({ host, port: openPort(server, host, port) }));
  } catch (error) {
    server.stopListening();
    throw error;
  }
}

function openPort(server: Server, host: string, wanted: number): number {
  let port = wanted;
  for (const address of addressesOf(host)) {
    const got = server.listen(address, port);
    if (got === undefined) {
      throw new StartError(
        `cannot listen on ${address} port ${port}: another program has the port, the address is not one of this machine, or it is not allowed`,
      );
    }
    port = got;
  }
  return port;
}

/** `localhost` means both loopback addresses: clients try either first. */
function addressesOf(host: string): readonly string[] {
  if (host !== 'localhost') return [host];
  const hasIpv6 = Object.values(networkInterfaces()).some((all) =>
    all?.some(({ address }) => address === '::1'),
  );
  return hasIpv6 ? ['127.0.0.1', '::1'] : ['127.0.0.1'];
}
