/** A topic for everybody, `count.*`. */
import { type Hub, Type } from '../../../core/index.ts';
import { plugin } from '../../helpers/plugin.ts';

const schema = Type.Object({ n: Type.Integer() });

export const counting = plugin(
  'counting',
  (hub: Hub) =>
    hub.use('topics').define('count.*', { schema, summary: 'n', audience: () => ({ keys: ['everybody'] }) }),
  { requires: ['topics'] },
);
