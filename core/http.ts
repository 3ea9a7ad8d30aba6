/** HTTP on the hub's ports: Fastify's router and plugins, served by uWS. */
import cors from '@fastify/cors';
import swagger from '@fastify/swagger';
import fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type onRequestHookHandler,
} from 'fastify';
import { HubError, messageOf } from './errors.ts';
import type { Failures } from './failures.ts';
import type { Log } from './log.ts';
import { isAllowedOrigin } from './origins.ts';
import { detachedServer } from './transport/http-bridge.ts';
import { VERSION } from './version.ts';

export interface HttpOptions {
  readonly log: Log;
  readonly failures: Failures;
  /** Longest request body, in bytes; a route may set its own `bodyLimit`. */
  readonly bodyBytes: number;
  readonly trustedProxies: number;
  readonly origins: readonly string[];
}

/** The Fastify instance all plugins' instances stand below. */
export async function createHttp(options: HttpOptions): Promise<FastifyInstance> {
  const { log, failures, bodyBytes, trustedProxies, origins } = options;
  const answerError = errorHandler('core', failures);
  const app = fastify({
    serverFactory: detachedServer,
    // Fastify watches every answer as soon as it has a logger of its own, which takes a quarter of a small request. Requests
    // get the hub's logger all the same, one for all: a child for each would cost even more.
    logger: false,
    childLoggerFactory: () => log,
    logController: new fastify.LogController({ disableRequestLogging: true }),
    bodyLimit: bodyBytes,
    trustProxy: trustedProxies > 0 && ((_address, hop) => hop < trustedProxies),
    routerOptions: { ignoreTrailingSlash: true },
    // Such as a path that is not valid: what no route gets to see.
    frameworkErrors: answerError,
    // The hub has its own deadline for set-up, which names the plugin.
    pluginTimeout: 0,
  });
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'wayhub', version: VERSION, description: 'The HTTP routes of this hub.' },
    },
  });
  await addOrigins(app, origins);
  app.setErrorHandler(answerError);
  app.setNotFoundHandler((request, reply) => {
    void reply
      .code(404)
      .send({ error: { code: 'not_found', message: `there is no route ${request.method} ${request.url}` } });
  });
  return app;
}

/**
 * Lets in the pages that may talk to the hub, with the headers their browsers want to see. Programs send no `Origin`, and skip
 * all of it.
 */
async function addOrigins(app: FastifyInstance, origins: readonly string[]): Promise<void> {
  const forPages = (headersOf: onRequestHookHandler): onRequestHookHandler =>
    function (request, reply, done) {
      const { origin, host = '' } = request.headers;
      if (origin === undefined) done();
      else if (isAllowedOrigin(origin, host, origins)) headersOf.call(this, request, reply, done);
      else {
        const message = `the origin ${origin} is not allowed`;
        void reply.code(403).send({ error: { code: 'forbidden', message } });
      }
    };
  const scope: FastifyInstance = Object.create(app, {
    addHook: {
      value: (_name: string, hook: onRequestHookHandler) => app.addHook('onRequest', forPages(hook)),
    },
  });
  // No credentials: tokens are sent in a header, and the hub sets no cookies. Origins that may not are refused before, so
  // the answer can repeat the one it got.
  await new Promise<void>((resolve) => void cors(scope, { origin: true, maxAge: 600 }, () => resolve()));
}

/** How errors of a plugin's routes are answered: refusals as they are, failures as a trace id. */
export function errorHandler(plugin: string, failures: Failures) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const status = statusOf(error);
    const isRefusal = error instanceof HubError ? error.code !== 'internal' : status < 500;
    if (isRefusal) {
      const code = error instanceof HubError ? error.code : 'invalid_request';
      void reply.code(status).send({ error: { code, message: messageOf(error) } });
      return;
    }
    const traceId = failures.report(
      plugin,
      `route ${request.method} ${request.routeOptions.url ?? request.url}`,
      error,
    );
    void reply
      .code(status)
      .send({ error: { code: 'internal', message: 'the hub failed to answer this request', traceId } });
  };
}

function statusOf(error: unknown): number {
  const status = error instanceof Error ? (error as FastifyError).statusCode : undefined;
  return status !== undefined && status >= 400 && status < 600 ? status : 500;
}
