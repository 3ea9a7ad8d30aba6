import { test } from 'tap';
import { Type } from '../../core/index.ts';
import { startHub } from '../helpers/hub.ts';
import { plugin } from '../helpers/plugin.ts';

test('the page at / says which plugins run, with their endpoints, messages and routes', async (t) => {
  const chat = plugin(
    'chat',
    (hub) => {
      hub
        .endpoint(['/chat', '/talk/:room'], { envelope: { type: 'type' }, summary: 'Rooms to talk in.' })
        .on('JOIN', Type.Object({}), () => {});
      hub.http.get('/chat/rooms', () => []);
    },
    { version: '1.2.3' },
  );
  const hub = await startHub(t, { plugins: [chat, plugin('quiet')] });
  const answer = await fetch(hub.origin);
  t.equal(answer.headers.get('content-type'), 'text/html; charset=utf-8');
  const page = await answer.text();
  for (const part of [
    'chat',
    '1.2.3',
    '/chat',
    '/talk/:room',
    'Rooms to talk in.',
    'JOIN',
    'GET /chat/rooms',
    'quiet',
  ]) {
    t.ok(page.includes(part), part);
  }
  for (const path of page.match(/href="([^"]+)"/g) ?? []) {
    const { status } = await fetch(new URL(path.slice(6, -1), hub.origin));
    t.equal(status, 200, `the link ${path} leads somewhere`);
  }
  t.notMatch(page, /https?:\/\//, 'nothing comes from other hosts');
  t.notMatch(page, /<script/);
});

test('a hub without plugins says how to get some', async (t) => {
  const hub = await startHub(t);
  t.match(
    await (await fetch(hub.origin)).text(),
    'No plugin is enabled: list some in <code>hub.config.ts</code>',
  );
});

test('what plugins say of themselves is text, not HTML', async (t) => {
  const evil = `<img src=x onerror="alert('1')">&`;
  const odd = plugin(
    'odd',
    (hub) => {
      hub
        .endpoint(`/${evil}`, { envelope: { type: 'type' }, summary: evil })
        .on(evil, Type.Object({}), () => {});
      hub.http.get('/odd/<b>', () => '');
    },
    { version: evil },
  );
  const hub = await startHub(t, { plugins: [odd] });
  const page = await (await fetch(hub.origin)).text();
  t.notMatch(page, /<img|<b>/);
  t.ok(page.includes('&#60;img src=x onerror=&#34;alert(&#39;1&#39;)&#34;&#62;&#38;'));
});

test('a plugin may have a page of its own at /', async (t) => {
  const hub = await startHub(t, {
    plugins: [plugin('site', (hub) => void hub.http.get('/', () => 'my site'))],
  });
  t.equal(await (await fetch(hub.origin)).text(), 'my site');
});
