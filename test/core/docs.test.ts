import { test } from 'tap';
import { Type } from '../../core/index.ts';
import { startHub } from '../helpers/hub.ts';
import { plugin } from '../helpers/plugin.ts';

const rooms = plugin('rooms', (hub) => {
  const schema = {
    summary: 'The rooms there are.',
    querystring: Type.Object({ limit: Type.Integer({ default: 10 }) }),
    response: { 200: Type.Array(Type.String()) },
  };
  hub.http.get('/rooms/:city', { schema }, () => []);
});

test('/openapi.json has the routes of the plugins, and not those of the hub', async (t) => {
  const hub = await startHub(t, { plugins: [rooms] });
  const document = await (await fetch(`${hub.origin}/openapi.json`)).json();
  t.match(document, {
    openapi: /^3\.1/,
    info: { title: 'wayhub' },
    paths: {
      '/rooms/{city}': {
        get: {
          summary: 'The rooms there are.',
          parameters: [
            { name: 'limit', in: 'query', schema: { type: 'integer', default: 10 } },
            { name: 'city', in: 'path' },
          ],
          responses: {
            200: {
              content: { 'application/json': { schema: { type: 'array', items: { type: 'string' } } } },
            },
          },
        },
      },
    },
  });
  t.strictSame(Object.keys((document as { paths: object }).paths), ['/rooms/{city}']);
});

test('/docs works without other hosts', async (t) => {
  const hub = await startHub(t, { plugins: [rooms] });
  const page = await (await fetch(`${hub.origin}/docs`)).text();
  const parts = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path = '']) => path);
  t.ok(parts.length > 3);
  for (const path of parts) {
    t.match(path, /^(\/|\.\/)/, `${path} is served by the hub`);
    const answer = await fetch(new URL(path, `${hub.origin}/docs/`));
    t.equal(answer.status, 200, path);
    if (path.includes('initializer')) {
      t.match(await answer.text(), /validatorUrl: null/, 'the document is not sent to a validator');
    } else await answer.arrayBuffer();
  }
  const document = await (await fetch(`${hub.origin}/docs/json`)).json();
  t.strictSame(document, await (await fetch(`${hub.origin}/openapi.json`)).json());
});

test('what comes and goes at run time is told by its plugin whenever somebody reads the document', async (t) => {
  const names = ['red'];
  const colours = plugin('colours', (hub) => {
    hub.http.get('/colours/*', { schema: { hide: true } }, () => 'a colour');
    hub.document(() =>
      Object.fromEntries(names.map((name) => [`/colours/${name}`, { get: { summary: name } }])),
    );
  });
  const hub = await startHub(t, { plugins: [rooms, colours] });
  const paths = async (path: string) => {
    const document = (await (await fetch(hub.origin + path)).json()) as { paths: object };
    return Object.keys(document.paths);
  };
  t.strictSame(await paths('/openapi.json'), ['/rooms/{city}', '/colours/red']);
  names.push('blue');
  for (const path of ['/openapi.json', '/docs/json'])
    t.strictSame(await paths(path), ['/rooms/{city}', '/colours/red', '/colours/blue']);
  names.length = 0;
  t.strictSame(await paths('/openapi.json'), ['/rooms/{city}']);
});
