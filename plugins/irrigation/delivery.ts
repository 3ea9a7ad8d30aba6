/** Commands on their way to controllers. Calls for one controller must come one after the other. */
import type { Connection } from '../../core/index.ts';
import type { Boards } from './boards.ts';
import type { Clock } from './clock.ts';
import { type Command, makeForcedStop, orderOf } from './commands.ts';
import type { Controller } from './field.ts';
import type { Intake } from './intake.ts';
import type { Outcome } from './messages.ts';
import type { Options } from './options.ts';
import type { Standings } from './standings.ts';
import {
  delivered,
  due,
  insistedOn,
  isExpired,
  type Stored,
  stillOpen,
  waitingFor,
  without,
} from './valve-changes.ts';
import type { ValveDocuments } from './valve-documents.ts';

/** What becomes of a command. */
type State = Outcome['state'] | 'cancelled';

export interface DeliveryParts {
  readonly options: Options;
  readonly clock: Clock;
  readonly intake: Intake;
  readonly boards: Boards;
  readonly standings: Standings;
}

export class Delivery {
  readonly #parts: DeliveryParts;
  readonly #documents: ValveDocuments;

  constructor(parts: DeliveryParts, documents: ValveDocuments) {
    this.#parts = parts;
    this.#documents = documents;
  }

  /** Sends a command now, or lets it wait. */
  async obey(controller: Controller, command: Command): Promise<Outcome['state']> {
    const { standings, clock, options } = this.#parts;
    while (standings.here(controller) !== undefined) {
      const now = clock.now();
      await this.#documents.change(controller, (present) => [delivered(present, command, now), undefined]);
      // It may have gone while that was stored. A valve that is not open then is closed in vain, which does no harm.
      const connection = standings.here(controller);
      if (connection !== undefined) return this.#send(controller, command, connection);
    }
    await this.#documents.change(controller, (present) => [
      waitingFor(present, command, options.commandsWaiting),
      undefined,
    ]);
    return 'waiting';
  }

  /** What waits is given to the controller, as far as this hub has its connection and no other one is quicker. */
  async deliver(controller: Controller): Promise<void> {
    const { standings, clock } = this.#parts;
    await this.dropExpired(controller);
    for (const command of this.#documents.of(controller).waiting) {
      const now = clock.now();
      if (isExpired(command, now) || standings.here(controller) === undefined) return;
      const taken = await this.#documents.change(controller, (present) => taking(present, command, now));
      if (taken === undefined) continue;
      const connection = standings.here(controller);
      if (connection !== undefined) this.#send(controller, taken, connection);
      else await this.obey(controller, taken);
    }
  }

  #send(controller: Controller, command: Command, connection: Connection<unknown>): Outcome['state'] {
    const { clock, boards } = this.#parts;
    const isLate = isExpired(command, clock.now());
    if (!isLate) connection.send(orderOf(command, controller, boards));
    const state = isLate ? 'expired' : 'sent';
    if (!command.isForced || this.#isFirst(controller, command)) this.tell(controller, command, state);
    return state;
  }

  /** Whether it is the first stop of any of the valves. */
  #isFirst(controller: Controller, { zones }: Command): boolean {
    const { open } = this.#documents.of(controller);
    return open.some(({ zone, tries }) => tries === 1 && zones.includes(zone));
  }

  /** Whether it waits still, as far as this hub knows. */
  isWaiting(controller: Controller, { id }: Command): boolean {
    return this.#documents.of(controller).waiting.some((one) => one.id === id);
  }

  /** Drops what could not be delivered in time. */
  async dropExpired(controller: Controller): Promise<void> {
    const now = this.#parts.clock.now();
    if (!this.#documents.of(controller).waiting.some((one) => isExpired(one, now))) return;
    const late = await this.#documents.change(controller, (present) => {
      const over = present.waiting.filter((one) => isExpired(one, now));
      return [over.length === 0 ? undefined : without(present, over), over];
    });
    for (const command of late) this.tell(controller, command, 'expired');
  }

  /** Whether some hub has a connection of it. */
  isReachable(controller: Controller): boolean {
    const { standings } = this.#parts;
    return standings.here(controller) !== undefined || standings.isElsewhere(controller);
  }

  /** Has closed what has been open long enough, until the controller says that it is. */
  async closeDue(controller: Controller): Promise<void> {
    const { standings, clock } = this.#parts;
    if (!this.isReachable(controller) || due(this.#documents.of(controller), clock.now()).length === 0)
      return;
    const connection = standings.here(controller);
    const command = await this.#documents.change(controller, (present) => {
      const now = clock.now();
      const zones = due(present, now);
      if (zones.length === 0) return [undefined, undefined];
      const stop = makeForcedStop(
        this.#parts,
        zones.map(({ zone }) => zone),
      );
      const next = insistedOn(present, zones, now);
      // The hub with the connection finds it there.
      return [connection === undefined ? waitingFor(next, stop, 0) : next, stop];
    });
    if (command !== undefined && connection !== undefined) this.#send(controller, command, connection);
  }

  /** Records what becomes of a command. */
  tell(controller: Controller, { expiresAt, isForced: _, ...command }: Command, state: State): void {
    void this.#parts.intake.record(controller, 'command', { ...command, expires_at: expiresAt, state });
  }
}

/** @returns what is stored when the command is given to its controller, and the command; undefined: another hub did, or it is done. */
function taking(
  present: Stored,
  command: Command,
  now: number,
): readonly [Stored | undefined, Command | undefined] {
  if (!present.waiting.some(({ id }) => id === command.id)) return [undefined, undefined];
  if (!command.isForced) return [delivered(present, command, now), command];
  const zones = stillOpen(present, command, now);
  const rest = { ...command, zones };
  return zones.length === 0
    ? [without(present, [command]), undefined]
    : [delivered(present, rest, now), rest];
}
