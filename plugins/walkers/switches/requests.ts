/** How users switch walkers on and off: over REST and WebSocket. */
import type { FastifyRequest } from 'fastify';
import { type Connection, type Hub, HubError, type Identity, Type } from '../../../core/index.ts';
import type { Engine } from '../engine.ts';
import type { RestParts } from '../rest/calls.ts';
import { unauthenticated } from '../rest/errors.ts';
import { prepare } from '../rest/routes.ts';
import type { Socket } from '../socket/endpoint.ts';
import type { Visitor } from '../socket/visitor.ts';
import { SwitchList } from './list.ts';
import type { Switches } from './switches.ts';

const tags = ['walker'];
const SwitchEvent = Type.Object({
  walker: Type.String({ description: 'Name of the walker.' }),
  on: Type.Boolean(),
});

export interface SwitchParts extends RestParts {
  readonly switches: Switches;
  readonly socket: Socket;
}

export async function serveSwitches(hub: Hub, parts: SwitchParts): Promise<void> {
  const { socket, engine, switches } = parts;
  const known = async (identity: Identity | undefined): Promise<Identity> => {
    await engine.loaded;
    if (identity === undefined) throw unauthenticated();
    return identity;
  };
  const ofConnection = ({ identity }: Connection<Visitor>) => known(identity);
  const ofRequest = async (request: FastifyRequest) => known(await hub.identity.of(request));

  const told = async (identity: Identity) => socket.switches({ data: await listOf(parts, identity) });
  socket.onInTurn('switches', Type.Object({}), async (_event, connection) =>
    told(await ofConnection(connection)),
  );
  socket.onInTurn('switch', SwitchEvent, async ({ walker, on }, connection) => {
    const identity = await ofConnection(connection);
    await turn(engine, switches, walker, identity, on);
    return told(identity);
  });

  await hub.http.register(
    async (http) => {
      await prepare(http, parts);
      const answer = async (request: FastifyRequest<{ Params: { walker: string } }>, on: boolean) => {
        const identity = await ofRequest(request);
        await turn(engine, switches, request.params.walker, identity, on);
        return listOf(parts, identity);
      };
      const response = { 200: SwitchList };
      http.get(
        '',
        { schema: { tags, summary: 'Walkers that users can switch on', response } },
        async (request) => listOf(parts, await ofRequest(request)),
      );
      http.put<{ Params: { walker: string } }>(
        '/:walker',
        { schema: { tags, summary: 'Switch a walker on for the user', response } },
        (request) => answer(request, true),
      );
      http.delete<{ Params: { walker: string } }>(
        '/:walker',
        { schema: { tags, summary: 'Switch a walker off for the user', response } },
        (request) => answer(request, false),
      );
    },
    { prefix: '/switch' },
  );
}

/** @throws HubError `not_found` when users cannot switch such a walker on, and what `Switches.on` throws. */
async function turn(
  engine: Engine,
  switches: Switches,
  name: string,
  identity: Identity,
  on: boolean,
): Promise<void> {
  if (!switchable(engine).includes(name))
    throw new HubError('not_found', `there is no walker ${name.slice(0, 100)} that users can switch on`);
  await (on ? switches.on(name, identity) : switches.off(name, identity));
}

async function listOf({ engine, switches }: SwitchParts, identity: Identity): Promise<SwitchList> {
  const list = switchable(engine).map(async (walker) => {
    const since = await switches.since(walker, identity);
    return { walker, on: since !== undefined, ...(since !== undefined && { since }) };
  });
  return { switches: await Promise.all(list) };
}

function switchable({ walkers }: Engine): readonly string[] {
  return [...walkers.values()]
    .filter(({ specs }) => specs.runs_for.includes('users'))
    .map(({ name }) => name);
}
