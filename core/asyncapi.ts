/** The AsyncAPI 3.0 document of all endpoints, from the same schemas that check the messages. */
import type { TSchema } from 'typebox';
import type { Endpoint } from './endpoint.ts';
import { OTHER } from './messages.ts';
import type { EndpointTable } from './paths.ts';
import { VERSION } from './version.ts';

export function asyncApiDocument(endpoints: EndpointTable) {
  const channels: Record<string, unknown> = {};
  const operations: Record<string, unknown> = {};
  for (const endpoint of endpoints) {
    const id = endpoint.name
      .replaceAll(/[^\w]+/g, '_')
      .replace(/^_$/, 'root')
      .replace(/^_/, '');
    const messages: Record<string, unknown> = {};
    const add = (
      direction: 'receive' | 'send',
      name: string,
      schema: TSchema,
      summary: string | undefined,
      bare: boolean,
    ) => {
      const key = `${direction}_${name}`;
      messages[key] = { name, summary, payload: bare ? schema : enveloped(endpoint, name, schema) };
      operations[`${id}_${key}`] = {
        action: direction,
        channel: { $ref: `#/channels/${id}` },
        messages: [{ $ref: `#/channels/${id}/messages/${key}` }],
      };
    };
    for (const { name, schema, summary } of endpoint.messages.incoming.values())
      add('receive', name, schema, summary, false);
    for (const { name, schema, summary, bare } of endpoint.messages.outgoing.values())
      add('send', name, schema, summary, bare);
    const address = endpoint.name.replaceAll(/:([^/]+)/g, '{$1}');
    channels[id] = { address, description: describe(endpoint), messages };
  }
  return { asyncapi: '3.0.0', info: { title: 'wayhub', version: VERSION }, channels, operations };
}

function describe({ options, paths }: Endpoint<unknown>): string {
  const also = paths.length > 1 ? `Also at ${paths.slice(1).join(', ')}.` : '';
  return [options.summary, also].filter(Boolean).join(' ');
}

/** The schema of a whole message: its envelope around the content. */
function enveloped({ options }: Endpoint<unknown>, name: string, schema: TSchema): unknown {
  const { type, content } = options.envelope;
  const named = name === OTHER ? { type: 'string' } : { const: name };
  const envelope = { type: 'object', required: [type], properties: { [type]: named } };
  if (content === undefined) return { allOf: [envelope, schema] };
  return { ...envelope, properties: { ...envelope.properties, [content]: schema } };
}
