/** Tasks, identity changes and activities: whom they go to. */
import { posix } from 'node:path';
import type { Audience } from '../definition.ts';
import type { Recipient } from '../sessions/recipient.ts';
import type { ActivityEvent, IdmEvent } from './schemas.ts';

/** Owner of tasks that no user started. */
const SYSTEM_USER = 'pydio.system.user';
/** Actions that begin so are settings of a role: nothing its holders have to know. */
const SETTINGS = /^(parameter|action):/;
const INBOX = 'inbox';
const NODE_OWNER: ReadonlySet<unknown> = new Set(['NODE', 0]);
/** Parts of an activity whose names are paths. */
const NAMED = ['Object', 'Origin', 'Target'];

/** Cells writes logins where it says user; ids are understood, too. */
function userKeys(name: string | undefined): readonly string[] {
  return name ? [`login:${name}`, `user:${name}`] : [];
}

export function taskAudience(event: {
  readonly TaskUpdated: { readonly TriggerOwner?: string };
}): Audience<never> {
  const { TriggerOwner } = event.TaskUpdated;
  return { keys: TriggerOwner === SYSTEM_USER ? ['profile:admin'] : userKeys(TriggerOwner) };
}

/** The first rule that applies. */
export function idmAudience({ Acl, Role, User, Workspace }: IdmEvent): Audience<never> {
  if (Acl?.RoleID && !SETTINGS.test(Acl.Action?.Name ?? '')) return { keys: [`role:${Acl.RoleID}`] };
  if (Role?.Uuid) return { keys: [`role:${Role.Uuid}`] };
  if (User?.Login) return { keys: [`login:${User.Login}`] };
  if (User?.Uuid) return { keys: [`user:${User.Uuid}`] };
  return { keys: Workspace?.UUID ? [`workspace:${Workspace.UUID}`] : [] };
}

export function activityAudience(event: ActivityEvent): Audience<ActivityEvent> {
  const { BoxName, OwnerType, OwnerId, Activity } = event;
  if (BoxName !== INBOX || NODE_OWNER.has(OwnerType)) return { keys: [] };
  const actor = field(field(Activity, 'Actor'), 'Id');
  const shown = [{ ...event, Activity: withBaseNames(Activity) }];
  return {
    keys: userKeys(OwnerId),
    filter: ({ user, login }: Recipient) => actor === undefined || (actor !== user && actor !== login),
    transform: () => shown,
  };
}

/** Clients are not told where in the whole tree a thing is. */
function withBaseNames(activity: ActivityEvent['Activity']): ActivityEvent['Activity'] {
  const shown = { ...activity };
  for (const part of NAMED.flatMap(spellings)) {
    const thing = shown[part];
    if (typeof thing !== 'object' || thing === null) continue;
    const names = spellings('Name').flatMap((name) => {
      const value = field(thing, name);
      return typeof value === 'string' && name in thing ? [[name, posix.basename(value)] as const] : [];
    });
    shown[part] = { ...thing, ...Object.fromEntries(names) };
  }
  return shown;
}

/** A field of a thing, which ActivityStreams writes in lower case. */
function field(thing: unknown, name: string): unknown {
  if (typeof thing !== 'object' || thing === null) return undefined;
  const fields = new Map(Object.entries(thing));
  return spellings(name)
    .map((spelling) => fields.get(spelling))
    .find((value) => value !== undefined);
}

function spellings(name: string): readonly string[] {
  return [name, name.toLowerCase()];
}
