/** A plugin that tells connections and requests who they are. */
import { type ConfiguredPlugin, type EndpointOptions, type Identity, Type } from '../../core/index.ts';
import { plugin } from './plugin.ts';

/**
 * An endpoint of the given options: `WHO` is answered with `I_AM`, `IDENTIFY` takes a token, `FORGET` makes anonymous, `JOIN` and
 * `CHANNELS` are about channels. `GET /who` answers with the identity of the request.
 */
export function whoAmI(
  options: Omit<EndpointOptions<undefined>, 'envelope'> = {},
  path = '/who',
): ConfiguredPlugin {
  return plugin(`who-am-i-${path.slice(1)}`, (hub) => {
    const endpoint = hub.endpoint(path, { envelope: { type: 'type' }, ...options });
    const iAm = endpoint.emits(
      'I_AM',
      Type.Object({ user: Type.Optional(Type.String()), channels: Type.Array(Type.String()) }),
      { overflow: 'close' },
    );
    const about = ({ identity, channels }: { identity: Identity | undefined; channels: readonly string[] }) =>
      iAm({ ...(identity && { user: identity.user }), channels: [...channels] });
    const Empty = Type.Object({});
    endpoint.on('WHO', Empty, (_content, connection) => about(connection));
    endpoint.on('IDENTIFY', Type.Object({ token: Type.String() }), async ({ token }, connection) => {
      await connection.identify(token);
      return about(connection);
    });
    endpoint.on('FORGET', Empty, async (_content, connection) => {
      await connection.forget();
      return about(connection);
    });
    endpoint.on('JOIN', Type.Object({ channel: Type.String() }), async ({ channel }, connection) => {
      await hub.channels.join(connection, channel);
      return about(connection);
    });
    hub.http.get(path, async (request) => (await hub.identity.of(request)) ?? { anonymous: true });
  });
}
