/** Webhooks: walkers that other programs call with an API key, and the routes to look after the keys. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { compile, type Hub, HubError, type Static, type TSchema, Type } from '../../../core/index.ts';
import { callerOfRoot, rootOf } from '../callers.ts';
import { answerCall, assertServed, bodyOf, type RestParts } from '../rest/calls.ts';
import { webhookTemplate } from '../rest/document.ts';
import { notFound, unauthenticated } from '../rest/errors.ts';
import type { Body } from '../rest/fields.ts';
import { type Match, matchPath } from '../rest/match.ts';
import { pathBelow, prepare } from '../rest/routes.ts';
import { type Expiration, INTERVALS, type KeyFacts, WebhookKeys } from './keys.ts';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
const MOST = 1_000;
const tags = ['webhook'];

const Names = Type.Array(Type.String({ maxLength: 200 }), { default: [], maxItems: MOST });
const ExpirationBody = Type.Object({
  count: Type.Integer({ default: 60, minimum: 1 }),
  interval: Type.Enum(Object.keys(INTERVALS) as Expiration['interval'][], { default: 'days' }),
});
const GenerateBody = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 200 }),
  walkers: Names,
  nodes: Names,
  expiration: Type.Unsafe<Expiration>({ ...ExpirationBody, default: {} }),
});
const DeleteBody = Type.Object({ ids: Type.Array(Type.String(), { minItems: 1, maxItems: MOST }) });

export async function serveWebhooks(hub: Hub, parts: RestParts): Promise<void> {
  const keys = new WebhookKeys(hub.store, parts.options.webhookKeys);
  await hub.http.register(
    async (http) => {
      await prepare(http, parts);
      http.setValidatorCompiler(({ schema }) => compile(schema as TSchema));
      serveKeys(hub, http, keys);
      http.route({
        method: METHODS,
        url: '/walker/*',
        schema: { hide: true },
        handler: (request, reply) => answer(parts, keys, request, reply),
      });
    },
    { prefix: '/webhook' },
  );
}

function serveKeys(hub: Hub, http: FastifyInstance, keys: WebhookKeys): void {
  const owner = async (request: FastifyRequest) => {
    const identity = await hub.identity.of(request);
    if (identity === undefined) throw unauthenticated();
    return rootOf(identity);
  };
  http.post<{ Body: Static<typeof GenerateBody> }>(
    '/generate-key',
    { schema: { tags, summary: 'Make an API key; it is shown only now', body: GenerateBody } },
    async (request, reply) => {
      const { expiration, ...given } = request.body;
      const { facts, key } = await keys.make(await owner(request), given, expiration);
      return reply
        .code(201)
        .header('cache-control', 'no-store')
        .send({ ...shown(facts), key });
    },
  );
  http.get('', { schema: { tags, summary: 'The API keys of the user' } }, async (request) => ({
    keys: (await keys.list(await owner(request))).map(shown),
  }));
  http.patch<{ Body: Expiration; Params: { id: string } }>(
    '/extend/:id',
    { schema: { tags, summary: 'Let an API key be valid for longer', body: ExpirationBody } },
    async (request) => {
      const changed = await keys.extend(await owner(request), request.params.id, request.body);
      if (changed === undefined) throw notFound();
      return { message: 'Successfully Extended!', ...shown(changed) };
    },
  );
  http.delete<{ Body: Static<typeof DeleteBody> }>(
    '/delete',
    { schema: { tags, summary: 'Delete API keys', body: DeleteBody } },
    async (request) => {
      if ((await keys.delete(await owner(request), request.body.ids)) === 0) throw notFound();
      return { message: 'Successfully Deleted!' };
    },
  );
}

function shown({ id, name, root, walkers, nodes, expiresAt }: KeyFacts) {
  return { id, name, root_id: root, walkers, nodes, expiration: new Date(expiresAt).toISOString() };
}

async function answer(
  parts: RestParts,
  keys: WebhookKeys,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { engine, options } = parts;
  const path = pathBelow(request, '/webhook/walker/');
  await engine.loaded;
  const match = matchPath(path, engine.walkers, webhookTemplate);
  if (match?.walker.specs.webhook === undefined) throw notFound();
  assertServed(match, request, reply);
  const body = await bodyOf(request, options);
  const key = await keys.find(keyIn(match, request, body));
  if (key === undefined) throw new HubError('unauthorized', 'the API key is missing, not valid or expired');
  assertAllowed(key, match);
  return answerCall(parts, request, reply, {
    ...match,
    caller: await callerOfRoot(key.root, engine.users),
    body,
  });
}

/** @throws HubError `forbidden` when the key is for other walkers or nodes. */
function assertAllowed({ walkers, nodes, root }: KeyFacts, { walker, node = root }: Match): void {
  if (walkers.length > 0 && !walkers.includes(walker.name))
    throw new HubError('forbidden', `the API key is not for the walker ${walker.name}`);
  if (nodes.length > 0 && !nodes.includes(node))
    throw new HubError('forbidden', 'the API key is not for this node');
}

/** The key as it was sent; empty when it was not. */
function keyIn({ walker, values }: Match, { headers, query }: FastifyRequest, body: Body): string {
  const { type, name } = walker.specs.webhook ?? { type: 'header', name: '' };
  const holders = { header: headers, query, path: values, body: body.values };
  const holder: unknown = holders[type];
  const found = Object.entries(holder ?? {}).find(
    ([key]) => key === (type === 'header' ? name.toLowerCase() : name),
  );
  return typeof found?.[1] === 'string' ? found[1] : '';
}
