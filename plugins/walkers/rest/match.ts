/** From the path of a request to a walker and what the path says of its fields. */
import type { LoadedWalker } from '../runtime/library.ts';

export interface Match {
  readonly walker: LoadedWalker;
  /** Id of the node it starts on. undefined: on the root. */
  readonly node: string | undefined;
  /** Fields that the path binds, as text. */
  readonly values: Readonly<Record<string, string>>;
}

/** The segments of `specs.path`; those in braces are names of fields. */
export function templateOf(path: string): readonly string[] {
  return path.split('/').filter((segment) => segment !== '');
}

/** The field that a segment of a template binds; undefined: the segment stands for itself. */
export function boundField(segment: string): string | undefined {
  return /^\{([A-Za-z_$][\w$]*)\}$/.exec(segment)?.[1];
}

/**
 * @param path of the request, below where walkers are served: `<name>[/<node>][/<specs.path>]`.
 * @param templateFor what follows the name, or the node, in requests for a walker.
 * @returns undefined when no walker has such a path.
 */
export function matchPath(
  path: string,
  walkers: ReadonlyMap<string, LoadedWalker>,
  templateFor: (walker: LoadedWalker) => readonly string[],
): Match | undefined {
  const segments = segmentsOf(path);
  const [name = '', ...rest] = segments ?? [];
  const walker = walkers.get(name);
  if (walker === undefined) return undefined;
  const template = templateFor(walker);
  const hasNode = rest.length === template.length + 1;
  const { entry_type: entry } = walker.specs;
  if (entry === (hasNode ? 'ROOT' : 'NODE')) return undefined;
  const node = hasNode ? rest.shift() : undefined;
  const values = bind(template, rest);
  return values && { walker, node, values };
}

function bind(template: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  if (segments.length !== template.length) return undefined;
  const values: Record<string, string> = {};
  for (const [index, part] of template.entries()) {
    const segment = segments[index] ?? '';
    const field = boundField(part);
    if (field !== undefined) values[field] = segment;
    else if (part !== segment) return undefined;
  }
  return values;
}

/** Decoded one by one, so that a `%2F` in a value stays part of it. */
function segmentsOf(path: string): string[] | undefined {
  try {
    return path
      .replace(/\/$/, '')
      .split('/')
      .map((segment) => decodeURIComponent(segment));
  } catch {
    return undefined;
  }
}
