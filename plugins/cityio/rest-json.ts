/** The REST interface speaks JSON as its clients do, whose ways differ from Fastify's. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { HubError } from '../../core/index.ts';
import { type Json, parseJson } from './json-text.ts';

/** The answer to what has nothing else to say. */
export const OK = '{"status":"ok"}';

/**
 * Bodies are JSON, whatever their content type: clients send it under many, and under none. Errors have the content
 * type of other answers.
 * @param bodyBytes longest body.
 */
export function speakJson(http: FastifyInstance, bodyBytes: number): void {
  http.removeAllContentTypeParsers();
  http.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: bodyBytes }, (_request, body, done) => {
    try {
      done(null, body.length === 0 ? undefined : parseJson(body as Buffer, 'the body'));
    } catch (error) {
      done(error as Error);
    }
  });
  http.setErrorHandler((error, _request, reply) => {
    // What is left is the hub's to answer.
    if (!(error instanceof HubError) || error.statusCode >= 500) throw error;
    const { code, message, statusCode } = error;
    void sendJson(reply.code(statusCode), JSON.stringify({ error: { code, message } }));
  });
}

/** The body of a request as its parser made it. @throws HubError `invalid_body` when there is none. */
export function givenBody(body: unknown): Json {
  if (body === undefined) throw new HubError('invalid_body', 'the body must be JSON, found nothing');
  return body as Json;
}

/** Answers with JSON. Clients compare the content type literally: without a charset, which Fastify gives to strings. */
export function sendJson(reply: FastifyReply, json: string | Buffer): FastifyReply {
  return reply
    .header('content-type', 'application/json')
    .send(typeof json === 'string' ? Buffer.from(json) : json);
}

/** How anything unknown is answered. */
export function sendNothing(reply: FastifyReply): FastifyReply {
  return reply.code(204).send();
}

/** What the documents say of a route. */
export function about(summary: string) {
  return { schema: { tags: ['CityIO'], summary } };
}
