/** Finds the endpoint of a path. Exact paths first, then patterns with `:parameters`, in the order they were added. */
import type { Endpoint } from './endpoint.ts';
import { StartError } from './errors.ts';
import type { ConnectionLimits } from './limits.ts';

export interface PathMatch {
  readonly endpoint: Endpoint<unknown>;
  readonly params: Readonly<Record<string, string>>;
}

const NO_PARAMS: Readonly<Record<string, string>> = Object.freeze({});

export class EndpointTable {
  readonly #exact = new Map<string, Endpoint<unknown>>();
  readonly #patterns: {
    readonly path: string;
    readonly segments: readonly string[];
    readonly endpoint: Endpoint<unknown>;
  }[] = [];
  readonly #all = new Set<Endpoint<unknown>>();

  /** @throws StartError when a path is taken, naming both plugins, or is not a path. */
  add(endpoint: Endpoint<unknown>): void {
    for (const path of endpoint.paths) {
      if (!path.startsWith('/') || (path !== '/' && path.endsWith('/'))) {
        throw new StartError(
          `plugin "${endpoint.plugin}": the endpoint path "${path}" must start with "/", and not end with one`,
        );
      }
      const shape = path.replaceAll(/:[^/]+/g, ':');
      const taken = [...this.#all].find((other) =>
        other.paths.some((p) => p.replaceAll(/:[^/]+/g, ':') === shape),
      );
      if (taken !== undefined) {
        throw new StartError(
          `plugin "${endpoint.plugin}": the endpoint ${path} is already taken by plugin "${taken.plugin}"`,
        );
      }
      if (path.includes('/:')) this.#patterns.push({ path, segments: path.split('/'), endpoint });
      else this.#exact.set(path, endpoint);
    }
    this.#all.add(endpoint);
  }

  /** @param path as requested; a trailing slash does not matter. */
  find(path: string): PathMatch | undefined {
    const plain = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
    const endpoint = this.#exact.get(plain);
    if (endpoint !== undefined) return { endpoint, params: NO_PARAMS };
    const segments = plain.split('/');
    for (const pattern of this.#patterns) {
      const params = matchSegments(pattern.segments, segments);
      if (params !== undefined) return { endpoint: pattern.endpoint, params };
    }
    return undefined;
  }

  named(name: string): Endpoint<unknown> | undefined {
    for (const endpoint of this.#all) if (endpoint.name === name) return endpoint;
    return undefined;
  }

  /** The largest values on any endpoint, of limits the transport has for all. */
  largest(): Pick<ConnectionLimits, 'messageBytes' | 'outboxBytes'> {
    const limits = [...this.#all].map((endpoint) => endpoint.limits);
    return {
      messageBytes: Math.max(0, ...limits.map(({ messageBytes }) => messageBytes)),
      outboxBytes: Math.max(0, ...limits.map(({ outboxBytes }) => outboxBytes)),
    };
  }

  [Symbol.iterator](): IterableIterator<Endpoint<unknown>> {
    return this.#all.values();
  }
}

function matchSegments(
  pattern: readonly string[],
  path: readonly string[],
): Record<string, string> | undefined {
  if (pattern.length !== path.length) return undefined;
  const params: Record<string, string> = {};
  for (const [i, expected] of pattern.entries()) {
    const actual = path[i] ?? '';
    if (expected.startsWith(':')) {
      try {
        params[expected.slice(1)] = decodeURIComponent(actual);
      } catch {
        return undefined;
      }
      if (actual === '') return undefined;
    } else if (expected !== actual) return undefined;
  }
  return params;
}
