/** The open connections of this hub process. */
import { randomBytes } from 'node:crypto';
import type { LiveConnection } from './live-connection.ts';

export class Connections {
  /** 8 hex digits that name this process in client ids and in the cluster. */
  readonly node = randomBytes(4).toString('hex');
  readonly #byId = new Map<string, LiveConnection>();
  /** Connections by remote address; loopback addresses are not counted. */
  readonly #perAddress = new Map<string, number>();

  newId(): string {
    return this.node + randomBytes(12).toString('hex');
  }

  get(id: string): LiveConnection | undefined {
    return this.#byId.get(id);
  }

  get size(): number {
    return this.#byId.size;
  }

  [Symbol.iterator](): IterableIterator<LiveConnection> {
    return this.#byId.values();
  }

  /**
   * How many connections an address has. Loopback counts as none: there sit the machine's own programs, and a
   * reverse proxy that was not declared as one would otherwise be refused for all its clients.
   */
  from(address: string): number {
    return this.#perAddress.get(address) ?? 0;
  }

  add(connection: LiveConnection): void {
    this.#byId.set(connection.id, connection);
    if (isLoopback(connection.address)) return;
    this.#perAddress.set(connection.address, this.from(connection.address) + 1);
  }

  remove(connection: LiveConnection): void {
    this.#byId.delete(connection.id);
    const count = this.from(connection.address);
    if (count > 1) this.#perAddress.set(connection.address, count - 1);
    else this.#perAddress.delete(connection.address);
  }
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1' || address.startsWith('::ffff:127.');
}
