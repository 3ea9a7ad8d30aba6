/** Fastify on Node's own HTTP server, with the schema library of the hub. */
import { Ajv } from 'ajv';
import { fastify } from 'fastify';
import { addRoutes } from './routes.ts';
import { announce, requestedPort } from './serve.ts';

const ajv = new Ajv();
const app = fastify();
app.setValidatorCompiler(({ schema }) => ajv.compile(schema));
addRoutes(app);
const address = await app.listen({ host: '127.0.0.1', port: requestedPort });
announce(Number(new URL(address).port));
