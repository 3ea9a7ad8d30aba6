/** `npm run demo`: the hub of hub.config.ts and a simulated field, for trying everything by hand. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('../../core/cli.ts', import.meta.url));
const run = (...command: string[]) =>
  spawn(process.execPath, [CLI, ...command], { stdio: ['ignore', 'pipe', 'inherit'] });

const hub = run('start');
const ended = once(hub, 'exit').then(() => process.exit(1));
const lines = createInterface(hub.stdout);
const [line] = (await Promise.race([once(lines, 'line'), ended])) as [string];
const origin = /https?:\/\/\S+/.exec(line)?.[0]?.replace(/,$/, '') ?? 'http://localhost:8080';

const token = run('token', '--sub', 'demo', '--claim', 'controllers=["*"]');
let text = '';
for await (const part of token.stdout) text += part;
const secret = text.trim().split('\n').at(-1) ?? '';

const field = run('irrigation', 'simulate', '--url', origin.replace(/^http/, 'ws'));
const last = 'curl -s -H "authorization: Bearer $TOKEN"';
process.stdout.write(`${line}

A field of 20 controllers reports; a minute of theirs is a second. As the user "demo", who may see and command them:

  TOKEN=${secret}
  ${last} ${origin}/irrigation/controllers
  ${last} "${origin}/irrigation/telemetry?controller=field-01&event=soil_moisture&every=1m"

live: open a WebSocket at ${origin.replace(/^http/, 'ws')}/clients/demo?token=$TOKEN
and send {"event":"start_irrigation","data":{"controller":"field-01","zones":["zone1"],"seconds":60}}

the table kendall: ${origin}/api/table/kendall

`);
createInterface(field.stdout).on('line', (said) => process.stdout.write(`field: ${said}\n`));
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    field.kill();
    hub.kill('SIGTERM');
  });
}
