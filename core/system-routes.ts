/** The hub's own routes: health, documents, and the page at `/` for people. */
import type { FastifyInstance } from 'fastify';
import { asyncApiDocument } from './asyncapi.ts';
import { landingPage } from './landing-page.ts';
import { type MetricSources, metricsText } from './metrics.ts';
import type { PluginRecord } from './registry.ts';

export interface SystemState extends MetricSources {
  /** Whether the hub takes on work. */
  readonly isReady: () => boolean;
  readonly plugins: () => readonly PluginRecord[];
}

/** Not part of the documents. */
const hidden = { schema: { hide: true } };

export async function systemRoutes(app: FastifyInstance, state: SystemState): Promise<void> {
  const { isReady, endpoints, plugins } = state;
  app.get('/health/live', hidden, () => ({ status: 'ok' }));
  app.get('/health/ready', hidden, (_request, reply) => {
    const obstacles = obstaclesOf(state);
    const ready = isReady() && obstacles === undefined;
    void reply.code(ready ? 200 : 503).send({ status: ready ? 'ok' : 'not ready', obstacles });
  });
  app.get('/metrics', hidden, async (_request, reply) => {
    const [type, text] = await metricsText(state);
    return reply.type(type).send(text);
  });
  const complete = <D extends { readonly paths?: object }>(document: D) => {
    const parts = plugins().flatMap(({ documents }) => documents.map((paths) => paths()));
    return { ...document, paths: Object.assign({}, document.paths, ...parts) };
  };
  app.get('/openapi.json', hidden, () => complete(app.swagger()));
  app.get('/asyncapi.json', hidden, () => asyncApiDocument(endpoints));
  const { default: swaggerUi } = await import('@fastify/swagger-ui');
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    transformSpecification: complete,
    transformSpecificationClone: false,
  });
}

/** Why plugins are not ready, by their names; undefined: all are. */
function obstaclesOf({ plugins, failures }: SystemState): Record<string, string> | undefined {
  const found = plugins().flatMap(({ name, obstacles }) =>
    obstacles.flatMap((reason): [string, string][] => {
      try {
        const text = reason();
        return text === undefined ? [] : [[name, text]];
      } catch (error) {
        failures.report(name, 'readyUnless', error);
        return [[name, 'whether it is ready could not be found out']];
      }
    }),
  );
  return found.length === 0 ? undefined : Object.fromEntries(found);
}

/** The page at `/`, unless a plugin has one of its own there. */
export function landingRoute(app: FastifyInstance, { plugins, endpoints }: SystemState): void {
  if (app.hasRoute({ method: 'GET', url: '/' })) return;
  app.get('/', hidden, (_request, reply) => {
    void reply.type('text/html; charset=utf-8').send(landingPage(plugins(), endpoints));
  });
}
