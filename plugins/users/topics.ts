/** Topics of this plugin, where topics are enabled: what users did, for plugins, walkers and the users themselves. */
import { type Hub, Type } from '../../core/index.ts';

const TOPICS = {
  registered: 'Somebody registered.',
  logged_in: 'A user logged in with the password.',
  logged_out: 'A user ended the token of a login.',
  password_changed: 'A user changed the password; all tokens of that user ended.',
} as const;

/** Without addresses and names: what they may be told is for each who hears of it to look up. */
const UserEvent = Type.Object({ user: Type.String({ description: 'The id.' }) });

/** Tells what a user, named by the id, did. */
export type Tell = (what: keyof typeof TOPICS, user: string) => void;

/** @returns does nothing where topics are not enabled. */
export function defineTopics(hub: Hub): Tell {
  const topics = hub.find('topics');
  if (topics === undefined) return () => {};
  for (const [what, summary] of Object.entries(TOPICS)) {
    const audience = ({ user }: { user: string }) => ({ keys: [`user:${user}`] });
    topics.define(`users.${what}`, { schema: UserEvent, summary, audience });
  }
  return (what, user) => topics.publish(`users.${what}`, { user });
}
