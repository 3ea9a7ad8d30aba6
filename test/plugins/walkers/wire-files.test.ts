import { type Test, test } from 'tap';
import { shared, type TestHub } from '../../helpers/hub.ts';
import { request, startWalkers, visit } from './wire.ts';

const FILES = {
  'files.ts': `
import { Root, Type, walker } from 'hub:walker';
const specs = { methods: ['websocket', 'post'], auth: false } as const;
export const one = walker({ specs, has: { title: Type.String({ default: '' }), count: Type.Integer({ default: 0 }), file: Type.File({ maxBytes: 10 }) } })
  .entry(Root, (w) => w.report([w.title, w.count, w.file]));
export const several = walker({ specs, has: { files: Type.Array(Type.File()), note: Type.Optional(Type.File()) } })
  .entry(Root, (w) => w.report([w.files.map(({ name, size }) => [name, size]), w.note?.name ?? null]));
export const plain = walker({ specs, has: { body: Type.String() } }).entry(Root, (w) => w.report(w.body));
`,
};
const TEXT = 'hi there';
const SENT = { name: 'a.txt', type: 'text/plain', size: 8, bytes: Buffer.from(TEXT).toString('base64') };

const started = shared(async (lasting) => ({ hub: await startWalkers(lasting, FILES) }));

type Part = readonly [name: string, value: string | Blob, fileName?: string];
const file = (text: string, type = 'text/plain') => new Blob([text], { type });

function form(...parts: readonly Part[]): FormData {
  const made = new FormData();
  for (const [name, value, fileName = ''] of parts) {
    if (typeof value === 'string') made.append(name, value);
    else made.append(name, value, fileName);
  }
  return made;
}

/** What the walker reported of a form, or what was wrong with it. */
async function send(hub: TestHub, walker: string, ...parts: readonly Part[]) {
  const { status, body } = await request(hub, `/walker/${walker}`, { body: form(...parts) });
  return status === 200 ? body.reports[0] : { status, detail: body.detail };
}

test('a file in a form is a field of name, type, size and bytes, with the other fields beside it', async (t) => {
  const { hub } = await started();
  const upload: Part = ['file', file(TEXT), 'a.txt'];
  t.strictSame(await send(hub, 'one', upload), ['', 0, SENT]);
  t.strictSame(await send(hub, 'one', ['title', 'x'], ['count', '2'], upload), ['x', 2, SENT]);
  const fields = '{"title":"x","count":2,"other":1}';
  t.strictSame(await send(hub, 'one', upload, ['body', fields]), ['x', 2, SENT], 'one part in JSON');
  const typed: Part = ['body', file(fields, 'application/json'), 'blob'];
  t.strictSame(await send(hub, 'one', upload, typed), ['x', 2, SENT], 'a part with a type');
  t.match(await send(hub, 'one', upload, ['body', '{']), {
    status: 422,
    detail: [{ loc: ['body'], type: 'json_invalid' }],
  });
  // As curl does: a type, but no name of a file.
  const raw = (json: string) =>
    request(hub, '/walker/one', {
      headers: { 'content-type': 'multipart/form-data; boundary=X' },
      body: [
        '--X\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain\r\n',
        `${TEXT}\r\n--X\r\nContent-Disposition: form-data; name="body"\r\nContent-Type: application/json\r\n`,
        `${json}\r\n--X--\r\n`,
      ].join('\r\n'),
    });
  t.strictSame((await raw(fields)).body.reports, [['x', 2, SENT]], 'a part of JSON without a name of a file');
  t.match(await raw('{'), { status: 422, body: { detail: [{ type: 'json_invalid' }] } });
  t.equal(await send(hub, 'plain', ['body', '{"a":1}']), '{"a":1}', 'a field that is called body');
});

test('a list takes one file or several; one that nobody chose is none', async (t) => {
  const { hub } = await started();
  const [a, b]: readonly Part[] = [
    ['files', file('a'), 'a'],
    ['files', file('bb'), 'b'],
  ];
  if (a === undefined || b === undefined) throw new Error('two parts');
  t.strictSame(await send(hub, 'several', a), [[['a', 1]], null]);
  const both = await send(hub, 'several', a, b, ['note', file(''), '']);
  t.strictSame(both, [Object.entries({ a: 1, b: 2 }), null]);
  t.strictSame(await send(hub, 'several', a, ['note', file('n'), 'n']), [[['a', 1]], 'n']);
});

/** A file in JSON: over REST and over WebSocket. @returns reports, or what is wrong, from where the fields are. */
async function sendJson(t: Test, hub: TestHub) {
  const guest = await visit(t, hub);
  return async (context: object) => {
    const rest = await request(hub, '/walker/one', { body: context });
    const event = await guest.walk('one', context);
    const errors: { loc: unknown[] }[] = event.error ?? [];
    t.strictSame(
      errors.map((one) => ({ ...one, loc: ['body', ...one.loc.slice(1)] })),
      rest.body.detail ?? [],
      'the same over WebSocket',
    );
    t.strictSame(event.reports, rest.body.reports);
    return rest.body.reports?.[0]?.[2] ?? rest.body.detail;
  };
}

test('a file in JSON has its bytes in base64; type and size may be left out', async (t) => {
  const { hub } = await started();
  const send = await sendJson(t, hub);
  t.strictSame(await send({ file: SENT }), SENT);
  const { name, bytes } = SENT;
  t.strictSame(await send({ file: { name, bytes } }), { ...SENT, type: 'application/octet-stream' });
  t.strictSame(await send({ file: { ...SENT, size: 1 } }), SENT, 'the size is that of the content');
});

test('a file that is missing, none or too large is said so', async (t) => {
  const { hub } = await started();
  const sendInJson = await sendJson(t, hub);
  const missing = { loc: ['body', 'file'], msg: 'Field required', type: 'missing' };
  const large = {
    loc: ['body', 'file'],
    msg: 'File should have at most 10 bytes, it has 11',
    type: 'file_too_large',
  };
  const none = { loc: ['body', 'file'], type: 'file_type' };
  const is = async (answer: Promise<unknown>, detail: object) =>
    t.match(await answer, { status: 422, detail: [detail] });
  await is(send(hub, 'one', ['title', 'x']), missing);
  await is(send(hub, 'one', ['file', file(''), '']), missing);
  await is(send(hub, 'one', ['file', file('x'.repeat(11)), 'a']), large);
  await is(send(hub, 'one', ['file', 'text']), none);
  t.match(await sendInJson({}), [missing]);
  t.match(await sendInJson({ file: { ...SENT, bytes: Buffer.alloc(11).toString('base64') } }), [large]);
  t.match(await sendInJson({ file: 'text' }), [none]);
  t.match(await sendInJson({ file: { ...SENT, bytes: 'no base64!!!' } }), [
    { loc: ['body', 'file', 'bytes'], type: 'base64_type' },
  ]);
  t.match(await send(hub, 'several', ['files', file('x'.repeat(1_000_001)), 'a']), {
    status: 422,
    detail: [{ loc: ['body', 'files', 0], type: 'file_too_large' }],
  });
});

test('the OpenAPI document has files as a form first, and in JSON', async (t) => {
  const { hub } = await started();
  const { paths } = (await request(hub, '/openapi.json', { method: 'GET' })).body;
  const content = (walker: string) => paths[`/walker/${walker}`].post.requestBody.content;
  const binary = { type: 'string', format: 'binary' };
  t.strictSame(Object.keys(content('one')), ['multipart/form-data', 'application/json']);
  t.match(content('one')['multipart/form-data'].schema, {
    properties: { title: { type: 'string' }, file: binary },
    required: ['file'],
  });
  t.match(content('one')['application/json'].schema.properties.file, {
    properties: { bytes: { contentEncoding: 'base64' } },
    required: ['name', 'bytes'],
    'x-max-bytes': 10,
  });
  t.match(content('several')['multipart/form-data'].schema.properties, {
    files: { type: 'array', items: binary },
    note: binary,
  });
  t.strictSame(Object.keys(content('plain')), ['application/json', 'multipart/form-data']);
});
