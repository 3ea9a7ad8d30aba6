/** How routes of walkers tell of errors: `{"detail": …}`, as Jac-cloud does. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { HubError } from '../../../core/index.ts';
import { detailsOf } from '../details.ts';
import type { FieldError } from '../runtime/run.ts';

/** What is wrong with a request, field by field. */
export class InvalidRequest extends HubError {
  readonly detail: readonly FieldError[];

  constructor(detail: readonly FieldError[]) {
    super('invalid_request', detail.map(({ msg }) => msg).join('; '), 422);
    this.detail = detail;
  }
}

/** What @fastify/multipart calls a part that says it is JSON and is not. */
const NO_JSON_PART = 406;
/** Seconds after which to come again. */
const RETRY = 1;

export function notFound(): HubError {
  return new HubError('not_found', 'Not Found');
}

export function unauthenticated(): HubError {
  return new HubError('unauthorized', 'Not authenticated');
}

/** The error handler of the routes. */
export function answerError(error: FastifyError, _request: FastifyRequest, reply: FastifyReply): void {
  const { statusCode: status = 500, message } = error;
  // What the hub has to answer for, it answers itself: with a trace id.
  if (status >= 500 && !(error instanceof HubError)) throw error;
  if (status === 503) void reply.header('retry-after', RETRY);
  if (error.validation !== undefined) {
    const { validation, validationContext = 'body' } = error;
    void reply.code(422).send({ detail: detailsOf(validation, [validationContext]) });
  } else if (error instanceof InvalidRequest) void reply.code(422).send({ detail: error.detail });
  else if ((status === 400 || status === NO_JSON_PART) && !(error instanceof HubError)) {
    // Fastify's own, of a body that cannot be read.
    void reply.code(422).send({ detail: [{ loc: ['body'], msg: message, type: 'json_invalid' }] });
  } else void reply.code(status).send({ detail: message });
}
