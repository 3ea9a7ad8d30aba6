/** The one place that loads uWebSockets.js; everything else imports it from here. */

import type * as UwsTypes from 'uWebSockets.js';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { KNOWN_BINARIES, lowerGlibcVersion } from './glibc.ts';

export type {
  HttpRequest,
  HttpResponse,
  TemplatedApp,
  us_listen_socket,
  us_socket_context_t,
  WebSocket,
} from 'uWebSockets.js';

// uWS takes 4 KB of request headers unless told otherwise, which a token of a large organisation can exceed; read once, at load.
process.env.UWS_HTTP_MAX_HEADERS_SIZE ??= '16384';

const require = createRequire(import.meta.url);
const loaded = load();

/** The addon; its types leave this overload and this constant out. */
type Addon = typeof UwsTypes & { readonly LIBUS_LISTEN_EXCLUSIVE_PORT: number };
export type App = UwsTypes.TemplatedApp & {
  listen(
    host: string,
    port: number,
    options: number,
    listening: (socket: UwsTypes.us_listen_socket | false) => void,
  ): UwsTypes.TemplatedApp;
};

export const uws: Addon = loaded.addon;
/** Why the addon was not loaded as installed, for the log; undefined when it was. */
export const uwsNotice: string | undefined = loaded.notice;

function load(): { addon: Addon; notice?: string } {
  const folder = dirname(require.resolve('uWebSockets.js'));
  const file = `uws_${process.platform}_${process.arch}_${process.versions.modules}.node`;
  const original = join(folder, file);
  try {
    return { addon: require(original) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (!reason.includes('GLIBC_2.38')) {
      throw new Error(`uWebSockets.js does not load on this machine (needs Node 24 and glibc): ${reason}`, {
        cause: error,
      });
    }
    const copy = adaptedCopy(original, join(folder, '..', '.cache', 'wayhub'));
    return {
      addon: require(copy),
      notice: `glibc is older than 2.38: uWebSockets.js loaded from an adapted copy, ${copy}`,
    };
  }
}

/**
 * Path of the copy of `original` that loads on older glibc, made on first use. It lives beside the installed
 * packages; where that folder is read-only, in a private temporary folder of this process.
 * @throws Error when the original is not one of the binaries the rewriting was checked with.
 */
export function adaptedCopy(original: string, cache: string): string {
  const expected = KNOWN_BINARIES[basename(original)];
  const name = `${expected?.slice(0, 16)}-${basename(original)}`;
  const cached = join(cache, name);
  if (existsSync(cached)) return cached;

  const bytes = readFileSync(original);
  const actual = createHash('sha256').update(bytes).digest('hex');
  if (actual !== expected) {
    throw new Error(
      `${original} is not the file this project knows: SHA-256 ${actual}, expected ${expected ?? 'none for this platform'}`,
    );
  }
  lowerGlibcVersion(bytes, process.arch);
  try {
    mkdirSync(cache, { recursive: true });
    return writeWhole(cached, bytes);
  } catch {
    return writeWhole(join(mkdtempSync(join(tmpdir(), 'wayhub-')), name), bytes);
  }
}

/** A rename is atomic: another process that starts now finds the whole file or none. */
function writeWhole(path: string, bytes: Buffer): string {
  const unfinished = `${path}.${process.pid}`;
  writeFileSync(unfinished, bytes, { mode: 0o755 });
  renameSync(unfinished, path);
  return path;
}
