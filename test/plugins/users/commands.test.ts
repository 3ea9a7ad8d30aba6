import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { type Test, test } from 'tap';
import { readPassword } from '../../../plugins/users/read-password.ts';
import { command } from '../../helpers/commands.ts';
import { connect } from '../../helpers/hub.ts';
import { whoAmI } from '../../helpers/who-am-i.ts';
import {
  bearer,
  configured,
  identityWatcher,
  newUser,
  PASSWORD,
  post,
  runHub,
  startUsers,
} from './helpers.ts';

test('an account made by command can log in, an administrator is made by command only', async (t) => {
  const { data, env } = configured(t);
  const made = await runHub(t, env, ['users', 'add', 'Ann@example.org'], `${PASSWORD}\n`);
  t.match(made, { code: 0, err: '', out: /^made the account Ann@example\.org with the id [0-9a-f]{24}\n$/ });
  const hub = await startUsers(t, {}, { data });
  t.strictSame(await command(hub, 'users', 'admin', ['ann@example.org']), [
    'Ann@example.org is an administrator from the next login on',
  ]);
  t.match(await runHub(t, env, ['users', 'list']), {
    code: 0,
    out: /^[0-9a-f]{24} {2}Ann@example\.org {2}\d{4}-\d\d-\d\dT[\d:.]+Z {2}admin\n$/,
  });
  const { status, body } = await post(hub, 'login', { email: 'ann@example.org', password: PASSWORD });
  t.equal(status, 200);
  t.match((await hub.identity.verify(body.token)).claims, { roles: ['admin'] });
});

test('commands say what is wrong, and change nothing', async (t) => {
  const { data, env } = configured(t);
  t.match(await runHub(t, env, ['users', 'add', 'ann@example.org'], 'short\n'), {
    code: 1,
    out: '',
    err: /^hub: password: String should have at least 8 characters\n$/,
  });
  const hub = await startUsers(t, {}, { data });
  const fails = (name: string, email: string, message: string) =>
    t.rejects(command(hub, 'users', name, [email]), { message }, name);
  await fails('add', 'ann', 'email: value is not a valid email address');
  for (const name of ['set-password', 'admin', 'end-tokens'])
    await fails(name, 'ann@example.org', 'there is no account ann@example.org');
  t.strictSame(await command(hub, 'users', 'list'), []);
});

test('a running hub honours what commands change', async (t) => {
  const { data, env } = configured(t);
  const { plugin: watching, changes } = identityWatcher();
  const hub = await startUsers(t, { endedTokensMs: 10 }, { data, plugins: [whoAmI(), watching] });
  const ann = await newUser(hub, 'ann@example.org');
  const bob = await newUser(hub, 'bob@example.org');
  const connected = async (token: string) => {
    const client = await connect(t, hub, '/who', { headers: bearer(token) });
    client.send({ type: 'WHO' });
    return { client, user: (await client.next()).user };
  };
  const status = async (token: string) =>
    (await fetch(`${hub.origin}/who`, { headers: bearer(token) })).status;
  const { client: ofBob } = await connected(bob.token);
  let { token } = ann;
  const steps: [string[], string][] = [
    [['end-tokens'], ''],
    [['set-password'], 'another battery\n'],
    [['admin', '--revoke'], ''],
  ];
  for (const [[name = '', ...flags], input] of steps) {
    t.equal((await connected(token)).user, ann.id, `before ${name}`);
    const ended = await runHub(t, env, ['users', name, 'ann@example.org', ...flags], input);
    t.match(ended, { code: 0, out: /ann@example\.org.*(have )?ended\n$/ }, name);
    t.equal(await status(token), 401, 'no new use from the moment the command ends');
    t.match(await changes.next(), { before: { user: ann.id } }, 'and none by an open connection soon after');
    const password = name === 'end-tokens' ? PASSWORD : 'another battery';
    token = (await post(hub, 'login', { email: ann.email, password })).body.token;
  }
  ofBob.send({ type: 'WHO' });
  t.equal((await ofBob.next()).user, bob.id, 'others are not concerned');
  t.equal((await post(hub, 'login', { email: ann.email, password: PASSWORD })).status, 400);
});

/** A terminal somebody types at, and what it shows. */
function terminal(t: Test) {
  let echoes = true;
  const setRawMode = (isRaw: boolean) => {
    echoes = !isRaw;
  };
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode });
  const output = new PassThrough({ encoding: 'utf8' });
  t.teardown(() => input.destroy());
  let shown = '';
  output.on('data', (text: string) => {
    shown += text;
  });
  const asked = async (question: string) => {
    while (!shown.endsWith(question)) await once(output, 'data');
  };
  return { input, output, asked, shown: () => shown, echoes: () => echoes };
}

test('at a terminal the password is asked for twice, and not shown', async (t) => {
  const { input, output, asked, shown, echoes } = terminal(t);
  const reading = readPassword({ input, output });
  await asked('Password: ');
  t.notOk(echoes(), 'not even what is typed at once');
  input.write('corrrect\u007f\u007f\u007f\u007f\u007frect horse\r');
  await asked('The same again: ');
  input.write('correct horse\r');
  t.equal(await reading, 'correct horse', 'mistakes can be corrected');
  t.ok(echoes(), 'afterwards the terminal is as it was');
  t.equal(shown(), 'Password: \nThe same again: \n');
});

test('two passwords that differ are refused, and so is none', async (t) => {
  const nothing = readPassword({ input: Readable.from([]), output: new PassThrough() });
  await t.rejects(nothing, { name: 'StartError', message: 'no password was given' }, 'piped in');
  const one = terminal(t);
  const reading = readPassword(one);
  await one.asked('Password: ');
  one.input.write('correct horse\r');
  await one.asked('The same again: ');
  one.input.write('correct house\r');
  await t.rejects(reading, { name: 'StartError', message: 'the two passwords are not the same' });
  const two = terminal(t);
  const given = readPassword(two);
  await two.asked('Password: ');
  two.input.write('\u0003');
  await t.rejects(given, { name: 'StartError', message: 'no password was given' });
});
