/** The REST interface: the whole store out and in, for operators. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { compile, explain, HubError, Type } from '../../core/index.ts';
import { assertOperator } from './access.ts';
import type { CityIO } from './cityio.ts';
import { dumpStream } from './dump.ts';
import type { Json } from './json-text.ts';
import { about, OK, sendJson } from './rest-json.ts';
import { Restore, SECTIONS } from './restore.ts';

const Entries = Type.Array(Type.Unsafe<Json>({}));
const isDump = compile(Type.Object({ blob: Entries, tree: Entries, commit: Entries, tag: Entries }));

export function serveDump(http: FastifyInstance, city: CityIO): void {
  const { hub, options, protection } = city;
  // Before the body is read.
  const onRequest = async (request: FastifyRequest) =>
    assertOperator(options, await hub.identity.of(request));

  http.get('/api/dump', { ...about('The whole store, for operators'), onRequest }, (_request, reply) => {
    void reply.header('content-type', 'application/json').send(dumpStream(city));
  });
  http.post(
    '/api/restore',
    { ...about('Takes a dump in, for operators'), onRequest },
    async ({ body }, reply) => {
      if (!isDump(body)) throw new HubError('invalid_dump', `the body: ${explain(isDump.errors)}`);
      const release = await protection.hold();
      try {
        const restore = new Restore(city);
        for (const section of SECTIONS) {
          for (const [index, entry] of body[section].entries())
            await restore.add(section, entry, `${section}/${index}`);
        }
        await restore.finish();
      } finally {
        await release();
      }
      return sendJson(reply, OK);
    },
  );
}
