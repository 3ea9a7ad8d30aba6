/** Errors that callers are told about, as codes; everything else reaches them as `internal` with a trace id. */

/** The core's codes: HTTP status and meaning. Plugins add codes of their own to the same space. */
export const ERROR_CODES = {
  invalid_json: {
    status: 400,
    meaning: 'The message is not JSON, or not an object with the field that names its type.',
  },
  unknown_type: { status: 400, meaning: 'No message type of this name is registered on the endpoint.' },
  invalid_message: { status: 400, meaning: 'The content does not match the schema of its type.' },
  message_too_large: { status: 413, meaning: 'The message is longer than the endpoint allows.' },
  rate_limited: {
    status: 429,
    meaning: 'The connection sends faster than allowed; this message was not handled.',
  },
  mailbox_full: {
    status: 429,
    meaning: 'Too many messages of the connection wait to be handled; this one was not.',
  },
  too_many_channels: { status: 429, meaning: 'The connection is in as many channels as one may be.' },
  unauthorized: { status: 401, meaning: 'A token is needed here, or the one given is not valid.' },
  token_expiring: { status: 401, meaning: 'The token of the connection expires soon: send a new one.' },
  token_expired: { status: 401, meaning: 'The token has expired.' },
  forbidden: { status: 403, meaning: 'The sender may not do this.' },
  invalid_request: { status: 400, meaning: 'The HTTP request does not match what the route accepts.' },
  not_found: { status: 404, meaning: 'There is nothing at this path.' },
  cut_off: { status: 503, meaning: 'The hub is cut off from the other hubs: nothing was done.' },
  outcome_unknown: {
    status: 503,
    meaning: 'The hub was cut off from the other hubs before it knew the outcome: it may be done yet.',
  },
  internal: { status: 500, meaning: 'The hub failed; the log has the details under the trace id.' },
} as const satisfies Record<string, { status: number; meaning: string }>;

export type CoreErrorCode = keyof typeof ERROR_CODES;

/** An error whose code and message the caller may see. Handlers, hooks and plugins throw it to refuse something. */
export class HubError extends Error {
  /** Short, stable, lower case with underscores. */
  readonly code: string;
  /** The HTTP status it becomes on a route. Fastify reads this name. */
  readonly statusCode: number;

  /** @param status only needed for codes that are not the core's; default 400. */
  constructor(code: CoreErrorCode | (string & {}), message: string, status?: number, options?: ErrorOptions) {
    super(message, options);
    this.name = 'HubError';
    this.code = code;
    this.statusCode = status ?? (code in ERROR_CODES ? ERROR_CODES[code as CoreErrorCode].status : 400);
  }
}

/** The hub cannot start: what an operator has to change, without a stack trace. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/** What a client is told about a failed message. */
export interface ErrorReport {
  readonly code: string;
  readonly message: string;
  /** The message type that failed, when it got so far. */
  readonly ref?: string;
  /** Only for `internal`: finds the log entry. */
  readonly traceId?: string;
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
