/** Presence for several hubs of one process: what a test needs to see them as a cluster. */
import type { PresenceEntry, PresenceTable } from '../../core/index.ts';

type Groups = Map<string, Map<string, PresenceEntry>>;

interface Member {
  readonly groups: Groups;
  readonly gone: () => void;
}

/** What the hubs of one cluster share. */
export class SharedPresence {
  readonly #members = new Map<string, Member>();

  /** A table for one more hub. */
  join(): PresenceTable {
    const groups: Groups = new Map();
    let own = '';
    return {
      start: async (node, gone) => {
        own = node;
        this.#members.set(node, { groups, gone });
      },
      enter: (group, entry) => {
        groups.set(group, (groups.get(group) ?? new Map()).set(entry.client, entry));
      },
      leave: (group, client) => void groups.get(group)?.delete(client),
      others: async (group) =>
        [...this.#members].flatMap(([node, member]) =>
          node === own ? [] : [...(member.groups.get(group)?.values() ?? [])],
        ),
      sweep: async () => {},
      close: async () => {
        this.#members.delete(own);
        for (const { gone } of this.#members.values()) setImmediate(gone);
      },
    };
  }
}
