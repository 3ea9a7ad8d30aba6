/** The events of Pydio Cells. Fields that are not named here pass. */
import { type Static, Type } from '../../../core/index.ts';

const Integer64 = Type.Union([Type.Integer(), Type.String({ pattern: '^-?\\d{1,20}$' })]);
const Path = Type.String({
  maxLength: 4_096,
  pattern: '^(?!([^]*/)?\\.\\.?(/|$))',
  description: 'From the root of all data, without . and .. as parts.',
});

export const Node = Type.Object({
  Uuid: Type.Optional(Type.String({ maxLength: 200 })),
  Path,
  Type: Type.Optional(Type.Enum(['COLLECTION', 'LEAF'])),
  Size: Type.Optional(Integer64),
  MTime: Type.Optional(Integer64),
  Etag: Type.Optional(Type.String()),
  MetaStore: Type.Optional(Type.Record(Type.String(), Type.String(), { description: 'JSON texts by name.' })),
});
export type Node = Static<typeof Node>;

export const NodeChange = Type.Object(
  {
    Type: Type.Enum([
      'CREATE',
      'READ',
      'UPDATE_PATH',
      'UPDATE_CONTENT',
      'UPDATE_META',
      'UPDATE_USER_META',
      'DELETE',
    ]),
    Source: Type.Optional(Node),
    Target: Type.Optional(Node),
    Optimistic: Type.Optional(Type.Boolean({ description: 'Not counted by the rate limit.' })),
    Silent: Type.Optional(Type.Boolean({ description: 'The first to be left out when there are too many.' })),
  },
  { anyOf: [{ required: ['Source'] }, { required: ['Target'] }] },
);
export type NodeChange = Static<typeof NodeChange>;

const Text = Type.Optional(Type.String());

export const TaskEvent = Type.Object({
  Job: Type.Optional(Type.Object({})),
  TaskUpdated: Type.Object({ TriggerOwner: Text }),
});

export const IdmEvent = Type.Object({
  '@type': Type.Optional(Type.Literal('idm')),
  User: Type.Optional(Type.Object({ Login: Text, Uuid: Text })),
  Role: Type.Optional(Type.Object({ Uuid: Text })),
  Workspace: Type.Optional(Type.Object({ UUID: Text })),
  Acl: Type.Optional(Type.Object({ RoleID: Text, Action: Type.Optional(Type.Object({ Name: Text })) })),
});
export type IdmEvent = Static<typeof IdmEvent>;

export const ActivityEvent = Type.Object({
  '@type': Type.Optional(Type.Literal('activity')),
  OwnerType: Type.Optional(Type.Union([Type.String(), Type.Integer()])),
  OwnerId: Type.String(),
  BoxName: Text,
  Activity: Type.Record(Type.String(), Type.Unknown()),
});
export type ActivityEvent = Static<typeof ActivityEvent>;
