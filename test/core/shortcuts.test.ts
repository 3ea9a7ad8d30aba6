import { test } from 'tap';
import { startHub } from '../helpers/hub.ts';
import { plugin } from '../helpers/plugin.ts';

/** A hub on which the shortcut and the route of one path give different answers, so that tests see which one did. */
function startWithShortcut(t: Parameters<typeof startHub>[0]) {
  const counting = plugin('counting', (hub) => {
    hub.shortcut('/table/:name/hash', ({ name = '' }) => {
      if (name === 'broken') throw new Error('the shortcut fails');
      return name === 'ready' ? Buffer.from('"from the shortcut"') : undefined;
    });
    hub.http.get('/table/:name/hash', () => 'from the route');
  });
  return startHub(t, { plugins: [counting], origins: ['https://elsewhere.example'] });
}

test('a shortcut answers what is ready, with the content type of JSON', async (t) => {
  const hub = await startWithShortcut(t);
  const answer = await fetch(`${hub.origin}/table/ready/hash`);
  t.equal(answer.status, 200);
  t.equal(answer.headers.get('content-type'), 'application/json');
  t.equal(await answer.text(), '"from the shortcut"');
});

for (const [what, path, init] of [
  ['what is not ready', '/table/other/hash', {}],
  ['a percent-encoded parameter', '/table/re%61dy/hash', {}],
  ['a trailing slash', '/table/ready/hash/', {}],
  ['a page of another origin', '/table/ready/hash', { headers: { origin: 'https://elsewhere.example' } }],
] as const) {
  test(`a shortcut leaves ${what} to the route`, async (t) => {
    const hub = await startWithShortcut(t);
    t.equal(await (await fetch(hub.origin + path, init)).text(), 'from the route');
  });
}

test('a shortcut that throws is contained, and the route answers', async (t) => {
  const hub = await startWithShortcut(t);
  t.equal(await (await fetch(`${hub.origin}/table/broken/hash`)).text(), 'from the route');
  t.match(
    hub.logged.find(({ plugin }) => plugin === 'counting'),
    { msg: /failed in shortcut \/table\/:name\/hash/, traceId: String },
  );
});

test('two shortcuts of one path are refused, naming both plugins', async (t) => {
  const taking = (name: string) => plugin(name, (hub) => hub.shortcut('/same', () => undefined));
  await t.rejects(
    startHub(t, { plugins: [taking('first'), taking('second')] }),
    /"second".*\/same is already taken by plugin "first"/,
  );
});
