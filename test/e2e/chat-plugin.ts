/** A plugin with something of everything that the command line shows, as the beginning of a configuration. */
import { API } from '../helpers/project.ts';

export const CHAT = `
  import { definePlugin, Type, HubError } from ${API};
  const chat = definePlugin({
    name: 'chat', api: '^1.0.0', version: '1.2.3',
    options: Type.Object({ history: Type.Integer({ default: 500 }) }),
    setup(hub, options) {
      const endpoint = hub.endpoint('/chat', { envelope: { type: 'type' }, auth: 'required', tokenInQuery: true });
      const joined = endpoint.emits('JOINED', Type.Object({ user: Type.String(), claims: Type.Unknown() }), { overflow: 'close' });
      endpoint.on('JOIN', Type.Object({}), (_, { identity }) => joined({ user: identity.user, claims: identity.claims }));
      hub.http.get('/chat/rooms', () => []);
      hub.hooks.closed.tap(() => {});
      hub.every('sweep', 20000, () => {});
      hub.command({
        name: 'say', summary: 'says it', args: ['<word>', '[more]'],
        options: { '--loud': 'in capitals', '--as <user>': 'who says it' },
        async run({ args, options, print }) {
          if (args[0] === 'refused') throw new HubError('forbidden', 'that is not said here');
          if (args[0] === 'broken') throw new Error('no voice');
          const said = hub.store.collection('said');
          print(JSON.stringify({ args, options, before: await said.ids(), history: options.history }));
          await said.put(args[0], true);
        },
      });
    },
  });
`;
