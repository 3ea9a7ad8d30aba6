/** The REST interface: tables, whole and by path. Older modules poll it, and post what they computed. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { HubError } from '../../core/index.ts';
import { assertWriter } from './access.ts';
import type { CityIO } from './cityio.ts';
import { GEOGRID, type NewModule, newModule } from './grid.ts';
import { assertDepth, type Json, textAt } from './json-text.ts';
import { deleteAt, pathParts, setAt } from './paths.ts';
import type { Repository } from './repository.ts';
import { serveDump } from './rest-dump.ts';
import { serveHistory } from './rest-history.ts';
import { about, givenBody, OK, sendJson, sendNothing, speakJson } from './rest-json.ts';
import { objectText, type TableState } from './table-state.ts';

interface Named {
  Params: { name: string };
}

const META = 'meta';

export async function serveRest(city: CityIO): Promise<void> {
  const { prefix, bodyBytes } = city.options;
  const routes = async (http: FastifyInstance) => {
    speakJson(http, bodyBytes);
    if (city.options.write === 'identified') {
      http.addHook('onRequest', async (request) => {
        if (request.method === 'GET' || request.method === 'HEAD') return;
        assertWriter(city.options, await city.hub.identity.of(request));
      });
    }
    serveLists(http, city);
    serveReads(http, city);
    serveWrites(http, city);
    serveHistory(http, city);
    serveDump(http, city);
  };
  await city.hub.http.register(routes, { prefix });
  // Hundreds of modules look at this one twice a second.
  city.hub.shortcut(`${prefix}/api/table/:name/meta/hashes/:key`, ({ name = '', key = '' }) =>
    city.tables.find(name)?.hashAnswer(key),
  );
}

function serveLists(http: FastifyInstance, { repository, tables }: CityIO): void {
  const headerOf = ({ hashes }: TableState) => {
    const hash = hashes.get(GEOGRID);
    return hash === undefined ? undefined : repository.header(hash);
  };
  for (const word of ['table', 'tables']) {
    http.get(`/api/${word}/list`, about('Names of all tables'), (_request, reply) => {
      void sendJson(reply, JSON.stringify(tables.list().map(({ name }) => name)));
    });
    http.get(`/api/${word}/headers`, about('Headers of the grids of all tables'), async (_request, reply) => {
      const headers: string[] = [];
      for (const state of tables.list()) {
        const header = await headerOf(state);
        if (header === undefined) continue;
        headers.push(
          objectText([
            ['tableName', JSON.stringify(state.name)],
            ['tableHeader', header],
          ]),
        );
      }
      return sendJson(reply, `[${headers.join(',')}]`);
    });
  }
}

function serveReads(http: FastifyInstance, { repository, tables, options }: CityIO): void {
  http.get<{ Params: { name: string; key: string } }>(
    '/api/table/:name/meta/hashes/:key',
    about('The hash of a module: changes when the module does'),
    ({ params: { name, key } }, reply) => {
      const answer = tables.find(name)?.hashAnswer(key);
      void (answer === undefined ? sendNothing(reply) : sendJson(reply, answer));
    },
  );
  const whole = async (state: TableState | undefined, reply: FastifyReply) =>
    state === undefined
      ? sendNothing(reply)
      : sendJson(reply, await repository.tableText(state.hashes, [[META, state.meta]]));
  http.get<Named>('/api/table/:name', about('A table'), ({ params: { name } }, reply) =>
    whole(tables.find(name), reply),
  );
  http.get<Named>('/api/table/:name/*', about('The value at a path of a table'), async (request, reply) => {
    const state = tables.find(request.params.name);
    const [key, ...path] = deepPath(request, options.prefix);
    if (state === undefined || key === undefined) return whole(state, reply);
    const text = key === META ? state.meta : await repository.moduleOf(state.hashes, key);
    const value = text === undefined ? undefined : textAt(text, path);
    return value === undefined ? sendNothing(reply) : sendJson(reply, value);
  });
}

function serveWrites(http: FastifyInstance, { repository, writer, options }: CityIO): void {
  http.post<Named>(
    '/api/table/:name',
    about('Creates a table, or merges modules into it'),
    async ({ params: { name }, body }, reply) => {
      const state = await writer.merge(name, modulesOf(givenBody(body)));
      return sendJson(reply, JSON.stringify({ status: 'ok', id: state.commit, name: state.name }));
    },
  );
  http.post<Named>('/api/table/:name/*', about('Sets the value at a path'), async (request, reply) => {
    const [key = '', ...path] = writablePath(request, options.prefix);
    const value = givenBody(request.body);
    const put = async (state: TableState) => {
      if (path.length === 0) return { put: new Map([[key, newModule(key, value)]]) };
      return { put: await altered(repository, state, key, (root) => setAt(root, path, value)) };
    };
    const { commit } = await writer.change(request.params.name, put);
    return sendJson(reply, JSON.stringify({ status: 'ok', id: commit }));
  });
  http.delete<Named>('/api/table/:name', about('Deletes a table'), async ({ params: { name } }, reply) => {
    await writer.remove(name);
    return sendJson(reply, OK);
  });
  http.delete<Named>('/api/table/:name/*', about('Deletes the value at a path'), async (request, reply) => {
    const [key = '', ...path] = writablePath(request, options.prefix);
    const remove = async (state: TableState) => {
      if (path.length > 0)
        return { put: await altered(repository, state, key, (root) => deleteAt(root, path)) };
      if (!state.hashes.has(key)) throw unknownPath(key);
      return { remove: [key] };
    };
    await writer.change(request.params.name, remove);
    return sendJson(reply, OK);
  });
}

/** A module of a table with something inside it altered. @throws HubError `unknown_path` when there is no such place. */
async function altered(
  repository: Repository,
  state: TableState,
  key: string,
  alter: (root: Json) => boolean,
): Promise<Map<string, NewModule>> {
  const text = await repository.moduleOf(state.hashes, key);
  const root: Json = text === undefined ? null : JSON.parse(text);
  if (!alter(root)) throw unknownPath(key);
  const module = newModule(key, root);
  assertDepth(module.text, key);
  return new Map([[key, module]]);
}

function modulesOf(body: Json): Map<string, NewModule> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    const found = Array.isArray(body) ? 'a list' : JSON.stringify(body).slice(0, 60);
    throw new HubError(
      'invalid_body',
      `the body must be a JSON object of modules by their keys, found ${found}`,
    );
  }
  const modules = Object.entries(body).filter(([key]) => key !== META);
  return new Map(modules.map(([key, value]) => [key, newModule(key, value)]));
}

/** What stands behind the name of the table in the path of a request. */
function deepPath({ url }: FastifyRequest, prefix: string): string[] {
  return pathParts(url.slice(`${prefix}/api/table/`.length)).slice(1);
}

/** @throws HubError `read_only` for `meta`, which is computed. */
function writablePath(request: FastifyRequest, prefix: string): string[] {
  const path = deepPath(request, prefix);
  if (path[0] === META) throw new HubError('read_only', '"meta" is computed and cannot be written', 406);
  return path;
}

function unknownPath(key: string): HubError {
  const name = JSON.stringify(key.slice(0, 100));
  return new HubError('unknown_path', `the table has no such place in its module ${name}`, 404);
}
