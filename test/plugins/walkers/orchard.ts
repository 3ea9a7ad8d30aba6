/** A plugin of a test's own that offers functions to walkers, as any other would. */
import { HubError, Type } from '../../../core/index.ts';
import type { CallFacts } from '../../../plugins/walkers/grants/offer.ts';
import type { Walkers } from '../../../plugins/walkers/service.ts';
import { plugin } from '../../helpers/plugin.ts';

declare module 'hub:walker' {
  interface Grants {
    orchard: {
      /** Opens a valve for some minutes. */
      open(given: { valve: string; minutes?: number }): { minutes: number };
      moisture(given: { field: string }): number | null;
      /** Never answers. */
      hang(): null;
      fail(given: { how: 'forbidden' | 'busy' | 'bug' | 'result' }): string;
    };
  }
}

export function orchard() {
  const calls: {
    readonly name: string;
    readonly given: { readonly valve: string };
    readonly facts: CallFacts;
  }[] = [];
  let service: Walkers | undefined;
  /** A call of `open` waits for it. */
  let gate: Promise<void> | undefined;
  const made = plugin(
    'orchard',
    (hub) => {
      const walkers = hub.use('walkers');
      service = walkers;
      walkers.provide('orchard', {
        open: walkers.fn({
          doc: 'Opens a valve.',
          parameters: Type.Object({
            valve: Type.String({ maxLength: 1_000 }),
            minutes: Type.Integer({ default: 5, minimum: 1 }),
          }),
          result: Type.Object({ minutes: Type.Integer() }),
          call: async (given, facts) => {
            calls.push({ name: 'open', given, facts });
            await gate;
            return { minutes: given.minutes };
          },
        }),
        moisture: walkers.fn({
          doc: 'How wet a field is.',
          parameters: Type.Object({ field: Type.String() }),
          result: Type.Union([Type.Number(), Type.Null()]),
          call: ({ field }) => (field === 'north' ? 0.25 : null),
        }),
        hang: walkers.fn({
          doc: 'Hangs.',
          parameters: Type.Object({}),
          result: Type.Null(),
          call: () => new Promise<never>(() => {}),
        }),
        fail: walkers.fn({
          doc: 'Fails.',
          parameters: Type.Object({ how: Type.Enum(['forbidden', 'busy', 'bug', 'result']) }),
          result: Type.String({ maxLength: 5 }),
          call: ({ how }) => {
            if (how === 'forbidden') throw new HubError('forbidden', 'not your valve');
            if (how === 'busy') throw new HubError('pump_busy', 'the pump\nis busy');
            if (how === 'bug') throw new Error('secret');
            return 'too long';
          },
        }),
      });
    },
    { requires: ['walkers'] },
  );
  return {
    plugin: made,
    calls,
    /** Calls of `open` wait. @returns lets them go on. */
    close() {
      const { promise, resolve } = Promise.withResolvers<void>();
      gate = promise;
      return resolve;
    },
    get walkers(): Walkers {
      if (service === undefined) throw new Error('not set up');
      return service;
    },
  };
}
