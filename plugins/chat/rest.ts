/** REST for operators: the rooms, their messages, and their end. */
import type { FastifyRequest } from 'fastify';
import { HubError, type Static, Type } from '../../core/index.ts';
import type { ChatParts } from './chat.ts';
import { readPage } from './history.ts';
import type { Members } from './members.ts';
import { ChatMessage, ChatRoom } from './messages.ts';
import type { Room } from './room.ts';
import { deleteRoom } from './room-messages.ts';

const MOST_ROOMS = 1_000;
const tags = ['chat'];
const Failed = Type.Object({
  error: Type.Object({ code: Type.String(), message: Type.String(), traceId: Type.Optional(Type.String()) }),
});
const refused = { 400: Failed, 401: Failed, 403: Failed };
const OneRoomPath = Type.Object({ uuid: Type.String({ maxLength: 64 }) });

export async function serveRest(chat: ChatParts, members: Members): Promise<void> {
  const { hub, options, rooms, sessions, log } = chat;

  /** @throws HubError `unauthorized` or `forbidden`. */
  const assertOperator = async (request: FastifyRequest): Promise<void> => {
    const identity = await hub.identity.of(request);
    if (identity === undefined) throw new HubError('unauthorized', 'a valid token is needed');
    const { profile, scopes } = sessions.of(identity);
    const { operatorScope } = options;
    if (profile === 'admin' || (operatorScope !== '' && scopes.includes(operatorScope))) return;
    throw new HubError('forbidden', 'profile admin or the scope of operators is needed');
  };
  const find = (uuid: string): Room => {
    const room = rooms.get(uuid);
    if (room === undefined) throw new HubError('not_found', 'there is no such room');
    return room;
  };
  await hub.http.register(
    async (http) => {
      http.addHook('onRequest', assertOperator);

      const List = Type.Object({
        after: Type.String({
          default: '',
          maxLength: 64,
          description: 'Only rooms with a greater Uuid: for pages.',
        }),
        limit: Type.Integer({ default: 100, minimum: 1, maximum: MOST_ROOMS }),
      });
      const list = {
        tags,
        summary: 'The rooms, by Uuid',
        querystring: List,
        response: { 200: Type.Array(ChatRoom), ...refused },
      };
      http.get<{ Querystring: Static<typeof List> }>(
        '/rooms',
        { schema: list },
        async ({ query: { after, limit } }) => {
          const page = rooms
            .list()
            .filter(({ id }) => id > after)
            .slice(0, limit);
          return Promise.all(page.map((room) => room.use(() => room.view())));
        },
      );

      const Paged = Type.Object({
        offset: Type.Integer({
          default: 0,
          minimum: 0,
          description: 'Messages to pass over, from the newest on.',
        }),
        limit: Type.Integer({
          default: Math.min(100, options.history),
          minimum: 1,
          maximum: options.history,
        }),
      });
      const History = Type.Object({
        messages: Type.Array(ChatMessage, { description: 'Oldest first.' }),
        hasMore: Type.Boolean(),
      });
      const history = {
        tags,
        summary: 'Messages of a room',
        params: OneRoomPath,
        querystring: Paged,
        response: { 200: History, 404: Failed, ...refused },
      };
      http.get<{ Params: Static<typeof OneRoomPath>; Querystring: Static<typeof Paged> }>(
        '/rooms/:uuid/messages',
        { schema: history },
        async ({ params, query: { offset, limit } }) => {
          const bounds = { skip: offset, limit, characters: Number.POSITIVE_INFINITY };
          const room = find(params.uuid);
          const { messages, hasMore } = await room.use(() => readPage(log, room, bounds));
          return { messages: messages.map((message) => message.toJSON()), hasMore };
        },
      );

      const removal = {
        tags,
        summary: 'Delete a room and its messages',
        params: OneRoomPath,
        response: { 204: Type.Null(), 404: Failed, ...refused },
      };
      http.delete<{ Params: Static<typeof OneRoomPath> }>(
        '/rooms/:uuid',
        { schema: removal },
        async ({ params }, reply) => {
          await deleteRoom(chat, members, find(params.uuid));
          return reply.code(204).send();
        },
      );
    },
    { prefix: '/chat' },
  );
}
