/** Walkers over HTTP: one route for all of them, since they come and go while the hub serves. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Hub } from '../../../core/index.ts';
import { callerOf, PUBLIC, rootOf } from '../callers.ts';
import { answerCall, assertServed, bodyOf, type RestParts } from './calls.ts';
import { documentPaths } from './document.ts';
import { answerError, notFound, unauthenticated } from './errors.ts';
import { matchPath, templateOf } from './match.ts';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
/** What browsers may remember of an answer to their question, in seconds. */
const PREFLIGHT_AGE = 600;
/** Parts of a form that are no files. */
const MOST_FIELDS = 100;
const hide = { hide: true };

export async function serveWalkers(hub: Hub, parts: RestParts): Promise<void> {
  const { engine } = parts;
  await hub.http.register(async (http) => {
    await prepare(http, parts);
    const handler = (request: FastifyRequest, reply: FastifyReply) => answer(hub, parts, request, reply);
    http.route({ method: METHODS, url: '/walker/*', schema: hide, handler });
    http.options('/walker/*', { schema: hide, config: { cors: { preflight: false } } }, (request, reply) =>
      isPreflight(request) ? answerPreflight(request, reply) : answer(hub, parts, request, reply),
    );
  });
  hub.document(() => documentPaths([...engine.walkers.values()]));
}

/** Errors and bodies as walkers have them, on an instance of Fastify of its own. */
export async function prepare(http: FastifyInstance, { options }: RestParts): Promise<void> {
  const { bodyBytes, uploadBytes, uploadFiles } = options;
  http.setErrorHandler(answerError);
  const parse = http.getDefaultJsonParser('error', 'error');
  http.removeContentTypeParser('application/json');
  http.addContentTypeParser(
    'application/json',
    { parseAs: 'string', bodyLimit: bodyBytes },
    // Clients send the type also when there is nothing to send.
    (request, body, done) => (body === '' ? done(null, undefined) : parse(request, String(body), done)),
  );
  const { default: multipart } = await import('@fastify/multipart');
  await http.register(multipart, {
    limits: { fileSize: uploadBytes, files: uploadFiles, fieldSize: bodyBytes, fields: MOST_FIELDS },
  });
}

async function answer(
  hub: Hub,
  parts: RestParts,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const path = pathBelow(request, '/walker/');
  if (path.startsWith('w:') || path.startsWith('w%3A')) return answerState(hub, parts, request, reply, path);
  await parts.engine.loaded;
  const match = matchPath(path, parts.engine.walkers, ({ specs }) => templateOf(specs.path));
  if (match?.walker.specs.webhook !== undefined) throw notFound();
  assertServed(match, request, reply);
  const caller = match.walker.specs.auth ? await loggedIn(hub, parts, request) : PUBLIC;
  return answerCall(parts, request, reply, { ...match, caller, body: await bodyOf(request, parts.options) });
}

/** @throws HubError `unauthorized` */
async function loggedIn(hub: Hub, { engine }: RestParts, request: FastifyRequest) {
  const identity = await hub.identity.of(request);
  if (identity === undefined) throw unauthenticated();
  return callerOf(identity, engine.users);
}

/** The state of a run of an async walker, for whom it ran. */
async function answerState(
  hub: Hub,
  { asyncRuns }: RestParts,
  request: FastifyRequest,
  reply: FastifyReply,
  path: string,
): Promise<FastifyReply> {
  const identity = await hub.identity.of(request);
  const run = await asyncRuns.find(path.replaceAll('%3A', ':'), rootOf(identity));
  if (request.method !== 'GET' || run === undefined) throw notFound();
  const { id, walker, status, reports, body, error, startedAt, endedAt } = run;
  return reply.send({
    id,
    walker,
    status,
    ...(reports !== undefined && { reports }),
    ...(body !== undefined && { body }),
    ...(error !== undefined && { error }),
    started_at: startedAt,
    ...(endedAt !== undefined && { ended_at: endedAt }),
  });
}

/** The rest of a request's path, as it was sent. */
export function pathBelow({ url }: FastifyRequest, prefix: string): string {
  return (url.split('?', 1)[0] ?? '').slice(prefix.length);
}

/** A browser asks whether it may send the request that it wants to send. */
function isPreflight({ headers }: FastifyRequest): boolean {
  return headers.origin !== undefined && headers['access-control-request-method'] !== undefined;
}

/** As for all other routes: origins were decided about before. */
function answerPreflight({ headers }: FastifyRequest, reply: FastifyReply): FastifyReply {
  const wanted = headers['access-control-request-headers'];
  if (wanted !== undefined) void reply.header('access-control-allow-headers', wanted);
  return reply
    .code(204)
    .header('access-control-allow-methods', [...METHODS, 'HEAD', 'OPTIONS'].join(', '))
    .header('access-control-max-age', PREFLIGHT_AGE)
    .send();
}
