/** Opens the ports of a hub. */
import { networkInterfaces } from 'node:os';
import { StartError } from './errors.ts';
import type { Log } from './log.ts';
import { Server } from './transport/server.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/**
 * Opens all of the ports, or none.
 * @param ports 0: a free one.
 * @param areShared see `Server.listen`.
 * @throws StartError naming the one that cannot be had.
 */
export function openPorts(
  server: Server,
  host: string,
  ports: readonly number[],
  areShared: boolean,
): readonly Address[] {
  try {
    return ports.map((port) => ({ host, port: openPort(server, host, port, areShared) }));
  } catch (error) {
    server.stopListening();
    throw error;
  }
}

/**
 * Finds out, by opening them alone for a moment, whether nobody else has the ports, and which ones 0 stands for: processes
 * that share them would not notice.
 * @throws StartError naming the one that cannot be had.
 */
export function probePorts(host: string, ports: readonly number[], log: Log): readonly Address[] {
  const server = new Server(log);
  try {
    return openPorts(server, host, ports, false);
  } finally {
    server.close();
  }
}

function openPort(server: Server, host: string, wanted: number, isShared: boolean): number {
  let port = wanted;
  for (const address of addressesOf(host)) {
    const got = server.listen(address, port, isShared);
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
