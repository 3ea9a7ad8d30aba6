/** The REST interface: history. Commits, trees and blobs by their hashes, and tables as names of commits. */
import type { FastifyInstance } from 'fastify';
import type { CityIO } from './cityio.ts';
import { moduleText } from './json-text.ts';
import type { Kind } from './repository.ts';
import { about, givenBody, OK, sendJson, sendNothing } from './rest-json.ts';

const OBJECTS: readonly (readonly [path: string, kind: Kind, summary: string])[] = [
  ['/api/commit/:hash', 'commit', 'A commit: its tree, its parent and its time'],
  ['/api/hashes/:hash', 'tree', 'A tree: hashes of modules by their keys'],
  ['/api/module/:hash', 'blob', 'A module'],
];

export function serveHistory(http: FastifyInstance, { repository, tables, writer }: CityIO): void {
  for (const [path, kind, summary] of OBJECTS) {
    http.get<{ Params: { hash: string } }>(path, about(summary), async ({ params: { hash } }, reply) => {
      const text = await repository.text(kind, hash);
      return text === undefined ? sendNothing(reply) : sendJson(reply, text);
    });
  }
  http.post('/api/module', about('Stores a module, for a table to come'), async ({ body }, reply) => {
    const { text, hash } = moduleText(givenBody(body));
    await repository.save([{ kind: 'blob', text, hash }]);
    return sendJson(reply, JSON.stringify({ status: 'ok', id: hash }));
  });
  http.get<{ Params: { name: string } }>(
    '/api/tables/raw/:name',
    about('The commit a table is at'),
    ({ params }, reply) => {
      const state = tables.find(params.name);
      if (state === undefined) return sendNothing(reply);
      return sendJson(reply, JSON.stringify({ name: state.name, commit: state.commit }));
    },
  );
  http.post<{ Params: { name: string; commit: string } }>(
    '/api/table/raw/:name/:commit',
    about('Makes a table of a commit, or moves it there: branch, roll back'),
    async ({ params: { name, commit } }, reply) => {
      await writer.moveTo(name, commit);
      return sendJson(reply, OK);
    },
  );
}
