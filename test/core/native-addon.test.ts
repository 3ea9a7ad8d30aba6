import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { test } from 'tap';
import { KNOWN_BINARIES, lowerGlibcVersion } from '../../core/transport/glibc.ts';
import { adaptedCopy, uws } from '../../core/transport/uws.ts';

const packageFolder = dirname(createRequire(import.meta.url).resolve('uWebSockets.js'));
const binary = (name: string) => join(packageFolder, name);

test('the real addon serves on this machine', async (t) => {
  const app = uws.App().get('/', (res) => void res.end('from uWebSockets.js'));
  const listening = await new Promise<false | Parameters<typeof uws.us_listen_socket_close>[0]>((resolve) =>
    app.listen('127.0.0.1', 0, resolve),
  );
  if (listening === false) throw new Error('did not listen');
  t.teardown(() => void app.close());
  const answer = await fetch(`http://127.0.0.1:${uws.us_socket_local_port(listening)}/`);
  t.equal(await answer.text(), 'from uWebSockets.js');
});

for (const [name, arch, symbols] of [
  ['uws_linux_x64_137.node', 'x64', 3],
  ['uws_linux_arm64_137.node', 'arm64', 2],
] as const) {
  test(`${name} no longer asks for glibc 2.38 once adapted`, async (t) => {
    const bytes = readFileSync(binary(name));
    t.ok(bytes.includes('GLIBC_2.38'), 'the original does');
    t.equal(lowerGlibcVersion(bytes, arch), symbols);
    t.equal(lowerGlibcVersion(bytes, arch), 0, 'a second pass finds nothing left to rename');
  });
}

test('an addon of unknown content is refused, not adapted', async (t) => {
  const folder = t.testdir({ 'uws_linux_x64_137.node': 'not the binary', 'uws_other.node': '' });
  t.throws(() => adaptedCopy(join(folder, 'uws_linux_x64_137.node'), folder), /SHA-256 .*expected 98128405/);
  t.throws(() => adaptedCopy(join(folder, 'uws_other.node'), folder), /none for this platform/);
});

test('the adapted copy is made once and reused', async (t) => {
  const folder = t.testdir({});
  const name = Object.keys(KNOWN_BINARIES)[0] ?? '';
  const copy = adaptedCopy(binary(name), folder);
  t.equal(adaptedCopy('/nowhere/'.concat(name), folder), copy, 'the original is not read again');
});

test('when the cache folder cannot be written, the copy goes to a private folder', async (t) => {
  const folder = t.testdir({ cache: 'a file, so no folder of this name can be made' });
  const name = Object.keys(KNOWN_BINARIES)[0] ?? '';
  const copy = adaptedCopy(binary(name), join(folder, 'cache'));
  t.notMatch(copy, folder);
  t.ok(readFileSync(copy).length > 1_000_000);
});

test('a file that is no ELF object is named as such', async (t) => {
  t.throws(() => lowerGlibcVersion(Buffer.alloc(64), 'x64'), /not a 64-bit little-endian ELF/);
});
