/** `POST /topics/<name>`: events from services outside. */
import { type DocumentPaths, type Hub, HubError, type Identity, Type } from '../../../core/index.ts';
import type { RequestPart } from '../entries.ts';
import type { Options } from '../options.ts';
import type { DefinedTopic, Registry } from '../registry.ts';
import type { Bus, Checked } from '../service.ts';
import { conflict, type IdempotencyKeys } from './idempotency.ts';
import { throwUnlessAllDone } from './outcomes.ts';

const SCOPE = 'topics:publish';
const KEY = 'idempotency-key';
const MAX_KEY = 200;

const Published = Type.Object({
  topic: Type.String(),
  published: Type.Integer({ description: 'Events, of a batch all of them.' }),
  repeated: Type.Boolean({
    description: 'Whether a request with this idempotency key was carried out before.',
  }),
});
const Refused = Type.Object({ error: Type.Object({ code: Type.String(), message: Type.String() }) });

export interface RouteParts {
  readonly bus: Bus;
  readonly registry: Registry;
  readonly keys: IdempotencyKeys;
  readonly options: Options;
}

export function serveTopics(hub: Hub, { bus, registry, keys, options }: RouteParts): void {
  // A text would be taken for an event.
  hub.http.removeContentTypeParser('text/plain');
  // Documented for each topic.
  const route = { schema: { hide: true }, bodyLimit: options.bodyBytes };
  hub.http.post<{ Params: { name: string } }>('/topics/:name', route, async (request) => {
    const { user } = publisher(await hub.identity.of(request));
    const { body, params } = request;
    const topic = params.name;
    const key = keyIn(request.headers[KEY]);
    const events = eventsIn(body, options.batchEvents);
    const parts = key === undefined ? [] : keys.partsOf([user, topic, key], body, events.length);
    // All or none.
    const checked = events.map((event, index) =>
      check(bus, { topic, event, request: parts?.[index], index: Array.isArray(body) ? index : undefined }),
    );
    const answer = { topic, published: checked.length };
    if (parts === undefined) return { ...answer, repeated: true };
    const outcomes = await Promise.allSettled(checked.map((one) => bus.commit(one)));
    if (checked.some(({ claim }) => claim === 'conflict')) throw conflict();
    throwUnlessAllDone(outcomes, Array.isArray(body));
    const last = parts.at(-1);
    if (last !== undefined) keys.done(last);
    return { ...answer, repeated: checked.every(({ claim }) => claim === 'repeated') };
  });
  hub.document(() => Object.fromEntries([...registry].map(documentOf)));
}

/** @throws HubError `unauthorized`, `forbidden`. */
function publisher(identity: Identity | undefined): Identity {
  if (identity === undefined) throw new HubError('unauthorized', 'publishing needs a token');
  const { scope } = identity.claims;
  const scopes: unknown[] = typeof scope === 'string' ? scope.split(' ') : Array.isArray(scope) ? scope : [];
  if (scopes.includes(SCOPE)) return identity;
  throw new HubError('forbidden', `the "scope" of the token must hold "${SCOPE}"`);
}

/** @throws HubError `invalid_request`. */
function keyIn(header: string | readonly string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header === 'string' && header.length > 0 && header.length <= MAX_KEY) return header;
  throw new HubError('invalid_request', `the header Idempotency-Key must have 1 to ${MAX_KEY} characters`);
}

/** One event, or a list of them. @throws HubError `invalid_request`. */
function eventsIn(body: unknown, most: number): readonly unknown[] {
  if (body === undefined || body === null)
    throw new HubError('invalid_request', 'the body must be an event as JSON, or a list of events');
  if (!Array.isArray(body)) return [body];
  if (body.length >= 1 && body.length <= most) return body;
  throw new HubError('invalid_request', `a list must have 1 to ${most} events, found ${body.length}`);
}

interface Requested {
  readonly topic: string;
  readonly event: unknown;
  readonly request: RequestPart | undefined;
  /** Of an event of a list: the error says which. */
  readonly index: number | undefined;
}

function check(bus: Bus, { topic, event, request, index }: Requested): Checked {
  try {
    return bus.check(topic, event, { request });
  } catch (error) {
    if (!(error instanceof HubError) || index === undefined || error.code !== 'invalid_event') throw error;
    throw new HubError(error.code, `[${index}]: ${error.message}; nothing of the list was published`);
  }
}

function documentOf({ name, definition }: DefinedTopic): [string, DocumentPaths[string]] {
  const json = (schema: unknown) => ({ 'application/json': { schema } });
  const refused = (description: string) => ({ description, content: json(Refused) });
  const { schema, summary } = definition;
  const post = {
    tags: ['topics'],
    summary: `Publish: ${summary}`,
    parameters: [
      {
        name: 'Idempotency-Key',
        in: 'header',
        description: 'Of several requests with the same key, one is carried out.',
        schema: { type: 'string', minLength: 1, maxLength: MAX_KEY },
      },
    ],
    requestBody: {
      required: true,
      content: json({ anyOf: [schema, { type: 'array', items: schema, minItems: 1 }] }),
    },
    responses: {
      200: { description: 'Published.', content: json(Published) },
      400: refused('`invalid_event`, `invalid_request`: which field, and what was expected'),
      401: refused('no valid token'),
      403: refused(`the \`scope\` of the token does not hold \`${SCOPE}\``),
      404: refused('`unknown_topic`'),
      409: refused('`idempotency_conflict`: the key came with another body before'),
      413: refused('the body is too long'),
      503: refused(
        '`cut_off`, `outcome_unknown`: the hub is cut off from the others; which events are concerned',
      ),
    },
  };
  return [`/topics/${name}`, { post }];
}
