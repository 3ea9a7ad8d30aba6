/** One request for a walker, from its fields to the answer. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { HubError, JsonText } from '../../../core/index.ts';
import type { AsyncRuns } from '../async-runs.ts';
import { CALL_FAILURES } from '../call.ts';
import type { Caller } from '../callers.ts';
import type { Engine } from '../engine.ts';
import type { Options } from '../options.ts';
import { answerOf } from '../serving.ts';
import { InvalidRequest, notFound } from './errors.ts';
import { type Body, fieldsOf, jsonBody, located } from './fields.ts';
import type { Match } from './match.ts';
import { formBody } from './uploads.ts';

export interface RestParts {
  readonly engine: Engine;
  readonly asyncRuns: AsyncRuns;
  readonly options: Options;
}

const JSON_TYPE = 'application/json; charset=utf-8';

/** @throws HubError `not_found`, or `method_not_allowed` with the methods there are in the header `Allow`. */
export function assertServed(
  match: Match | undefined,
  { method }: FastifyRequest,
  reply: FastifyReply,
): asserts match is Match {
  if (match === undefined || match.walker.specs.private) throw notFound();
  const methods = match.walker.specs.methods.filter((one) => one !== 'websocket');
  if (methods.length === 0) throw notFound();
  if (methods.some((one) => one.toUpperCase() === method)) return;
  void reply.header('allow', methods.map((one) => one.toUpperCase()).join(', '));
  throw new HubError('method_not_allowed', 'Method Not Allowed', 405);
}

export function bodyOf(request: FastifyRequest, { uploadBytes, bodyBytes }: Options): Promise<Body> | Body {
  return request.isMultipart() ? formBody(request, uploadBytes, bodyBytes) : jsonBody(request.body);
}

/** Runs the walker and answers. @throws HubError for whatever goes wrong. */
export async function answerCall(
  { engine, asyncRuns }: RestParts,
  request: FastifyRequest,
  reply: FastifyReply,
  { walker, node, values: inPath, caller, body }: Match & { readonly caller: Caller; readonly body: Body },
): Promise<FastifyReply> {
  const fields = fieldsOf(walker, request, inPath, body);
  const call = { walker, fields: fields.values, caller, node };
  if (walker.specs.async) {
    return reply.send({ status: 200, walker_id: await asyncRuns.begin(call) });
  }
  const result = await engine.run(call);
  if (!result.ok) {
    if (result.errors !== undefined) throw new InvalidRequest(located(result.errors, fields));
    throw new HubError(result.code, result.message, CALL_FAILURES[result.code]);
  }
  const { status, body: answer } = answerOf(walker, result);
  // Those below are no answers: the client would go on waiting for one.
  if (status < 200) throw new HubError('error', `the walker answered with the status ${status}`, 500);
  void reply.code(status).type(JSON_TYPE);
  if (request.method === 'HEAD' || status === 204 || status === 304) return reply.send('');
  return reply.send(answer instanceof JsonText ? answer.text : JSON.stringify(answer));
}
