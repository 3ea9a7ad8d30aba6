/** What a user is told of switches. */
import { type Static, Type } from '../../../core/index.ts';

/** The walkers that users can switch on, and which of them this one has on. */
export const SwitchList = Type.Object({
  switches: Type.Array(
    Type.Object({
      walker: Type.String(),
      on: Type.Boolean(),
      since: Type.Optional(Type.Integer({ description: 'Unix ms.' })),
    }),
  ),
});
export type SwitchList = Static<typeof SwitchList>;
