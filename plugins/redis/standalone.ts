/** One server, always at the same address. */
import type { Log } from '../../core/index.ts';
import type { Connection } from './connection.ts';
import { LastingLink } from './lasting.ts';
import type { LinkOptions } from './link.ts';
import { ServerConnection } from './server.ts';

export class StandaloneLink extends LastingLink {
  readonly #url: string;

  /** @param log says which of the hub's connections this is. */
  constructor(options: LinkOptions, log: Log) {
    super(options, new URL(options.url).host, log);
    this.#url = options.url;
  }

  protected connect(lost: (error: unknown) => void, signal: AbortSignal): Promise<Connection> {
    return ServerConnection.open(this.#url, lost, signal);
  }
}
