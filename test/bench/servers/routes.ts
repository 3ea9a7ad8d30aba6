/** The Fastify routes that the hub and Fastify's own server both serve, unchanged. */
import type { FastifyInstance } from 'fastify';
import type { Static } from 'typebox';
import { Document, sampleDocument } from '../wire.ts';

export function addRoutes(app: FastifyInstance): void {
  app.get('/document', async () => sampleDocument);
  app.post<{ Body: Static<typeof Document> }>(
    '/document',
    { schema: { body: Document } },
    async (request) => ({
      status: 'ok',
      items: request.body.items.length,
    }),
  );
}
