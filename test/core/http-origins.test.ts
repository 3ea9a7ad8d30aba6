import { test } from 'tap';
import { startHub } from '../helpers/hub.ts';
import { plugin } from '../helpers/plugin.ts';
import { loggedErrors } from '../helpers/start-with.ts';

const route = plugin('route', (hub) => {
  let changes = 0;
  hub.http.post('/change', () => ({ changes: ++changes }));
});

test('pages of the hub itself, of localhost and of listed origins may, others are refused', async (t) => {
  const hub = await startHub(t, { origins: ['https://maps.test'], plugins: [route] });
  const post = (origin: string) => fetch(`${hub.origin}/change`, { method: 'POST', headers: { origin } });
  for (const origin of [hub.origin, 'http://localhost:3000', 'https://maps.test']) {
    const answer = await post(origin);
    t.equal(answer.status, 200, origin);
    t.equal(answer.headers.get('access-control-allow-origin'), origin);
    t.equal(answer.headers.get('access-control-allow-credentials'), null, 'there are no cookies to send');
    t.match(answer.headers.get('vary'), /Origin/i, 'a cache must not give the answer to another origin');
    await answer.text();
  }
  for (const origin of ['https://evil.test', 'https://maps.test.evil.test', 'http://maps.test', 'null']) {
    const answer = await post(origin);
    t.equal(answer.status, 403, origin);
    t.equal(answer.headers.get('access-control-allow-origin'), null);
    t.strictSame(await answer.json(), {
      error: { code: 'forbidden', message: `the origin ${origin} is not allowed` },
    });
  }
  t.strictSame(
    await (await fetch(`${hub.origin}/change`, { method: 'POST' })).json(),
    { changes: 4 },
    'what was refused changed nothing, and programs without an origin may',
  );
  t.strictSame(loggedErrors(hub), []);
});

test('a preflight is answered for origins that may', async (t) => {
  const hub = await startHub(t, { origins: ['https://maps.test'], plugins: [route] });
  const preflight = (origin: string) =>
    fetch(`${hub.origin}/change`, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization',
      },
    });
  const answer = await preflight('https://maps.test');
  t.equal(answer.status, 204);
  t.equal(answer.headers.get('access-control-allow-origin'), 'https://maps.test');
  t.match(answer.headers.get('access-control-allow-methods'), /POST/);
  t.match(answer.headers.get('access-control-allow-headers'), /authorization/);
  t.equal((await preflight('https://evil.test')).status, 403);
});

test('the origin * lets every page in', async (t) => {
  const hub = await startHub(t, { origins: ['*'], plugins: [route] });
  const headers = { origin: 'https://any.test' };
  const answer = await fetch(`${hub.origin}/change`, { method: 'POST', headers });
  t.equal(answer.headers.get('access-control-allow-origin'), 'https://any.test');
});
