/**
 * Commands, and the valves they open. What must hold even if the hub is killed at any moment: a command is delivered in
 * time or never, and whatever is open is closed. So the store knows until when a valve may be open before the
 * controller is told to open it.
 */
import { type Collection, HubError, type Log, type PluginStore } from '../../core/index.ts';
import { type Boards, connectionTo } from './boards.ts';
import type { Clock } from './clock.ts';
import { assertShortEnough, type Command, HUB, makeCommand, orderOf, type Request } from './commands.ts';
import type { Controller, Field } from './field.ts';
import type { Intake } from './intake.ts';
import type { Outcome } from './messages.ts';
import type { Options } from './options.ts';
import type { TelemetryEvent } from './telemetry-event.ts';

/** What becomes of a command. */
type State = Outcome['state'] | 'cancelled';

/** A valve that is open, as far as the hub knows. */
interface OpenZone {
  readonly zone: string;
  /** Unix ms. */
  readonly since: number;
  /** Unix ms when the hub closes it. */
  readonly until: number;
}

interface Stored {
  /** In the order they are to be delivered in. */
  readonly waiting: readonly Command[];
  readonly open: readonly OpenZone[];
}

interface Valves {
  readonly controller: Controller;
  stored: Stored;
  /** Stops that the controller did not confirm: how many, and when (Unix ms) the next one is due. By zone. */
  readonly retries: Map<string, { readonly tries: number; readonly next: number }>;
  /** One change after the other. */
  turn: Promise<unknown>;
}

const NOTHING: Stored = { waiting: [], open: [] };
/** A stop that was not confirmed is sent again after so many ms, then after twice as many, and so on. */
const FIRST_RETRY = 10_000;
const LONGEST_RETRY = 600_000;
/** What a clock may be off by when it says that a valve was closed after it was opened, in ms. */
const TOLERANCE = 2_000;
/** Valves of a controller that the hub looks after. */
const MAX_OPEN = 256;

export interface ValveParts {
  readonly options: Options;
  readonly clock: Clock;
  readonly field: Field;
  readonly intake: Intake;
  readonly boards: Boards;
  readonly store: PluginStore;
  readonly log: Log;
}

export class Irrigation {
  readonly #parts: ValveParts;
  readonly #documents: Collection<Stored>;
  readonly #valves = new Map<Controller, Valves>();

  constructor(parts: ValveParts) {
    this.#parts = parts;
    this.#documents = parts.store.collection('valves');
  }

  async load(): Promise<void> {
    for (const id of await this.#documents.ids()) {
      const controller = this.#parts.field.controllers.get(id);
      const stored = await this.#documents.get(id);
      if (controller !== undefined && stored !== undefined) this.#of(controller).stored = stored;
    }
  }

  /**
   * Opens valves for a while. Resolves when that is durable and sent, or waits for the controller.
   * @throws HubError `too_long` or `too_many_commands`.
   */
  async start(controller: Controller, request: Request & { readonly seconds: number }): Promise<Outcome> {
    assertShortEnough(this.#parts.options, request.seconds);
    return this.#inTurn(controller, (valves) =>
      this.#obey(valves, makeCommand('start_irrigation', this.#parts, request)),
    );
  }

  /** Closes valves, and takes back starts of them that wait. As `start`. */
  async stop(controller: Controller, request: Request): Promise<Outcome> {
    return this.#inTurn(controller, async (valves) => {
      const zones = new Set(request.zones);
      const isOver = ({ command, zones: theirs }: Command) =>
        command === 'start_irrigation' && theirs.some((zone) => zones.has(zone));
      const cancelled = valves.stored.waiting.filter(isOver);
      if (cancelled.length > 0) {
        await this.#save(valves, { waiting: valves.stored.waiting.filter((one) => !isOver(one)) });
        for (const command of cancelled) this.#tell(valves, command, 'cancelled');
      }
      return this.#obey(valves, makeCommand('stop_irrigation', this.#parts, request));
    });
  }

  /** A controller is there: it gets what waits for it and still holds. */
  connected(controller: Controller): void {
    const valves = this.#valves.get(controller);
    if (valves === undefined) return;
    valves.retries.clear();
    this.#later(controller, async () => {
      await this.#dropExpired(valves);
      const { waiting } = valves.stored;
      for (const command of waiting) {
        if (this.#parts.clock.now() >= command.expiresAt || connectionTo(controller) === undefined) break;
        await this.#obey(valves, command);
      }
      await this.#closeDue(valves);
    });
  }

  /** What a controller says of its valves. */
  heard({ series: { controller, event }, row }: TelemetryEvent): void {
    const { zones } = row.data;
    if (!Array.isArray(zones)) return;
    if (event === 'irrigation_started') {
      const until = row.at + this.#parts.options.maximumSeconds * 1_000;
      this.#later(controller, async (valves) => {
        const known = new Set(valves.stored.open.map(({ zone }) => zone));
        const more = zones.filter((zone) => !known.has(zone)).map((zone) => ({ zone, since: row.at, until }));
        const open = [...valves.stored.open, ...more];
        if (open.length > MAX_OPEN) {
          this.#parts.log.debug({ controller: controller.id }, `more than ${MAX_OPEN} valves are open`);
        } else if (more.length > 0) await this.#save(valves, { open });
      });
    } else if (event === 'irrigation_stopped') {
      this.#later(controller, async (valves) => {
        // One of a backlog says nothing about what was opened since.
        const open = valves.stored.open.filter(
          ({ zone, since }) => !zones.includes(zone) || row.at < since - TOLERANCE,
        );
        if (open.length < valves.stored.open.length) await this.#save(valves, { open });
      });
    }
  }

  /** Drops what is too late, and closes what was open long enough. */
  async sweep(now: number): Promise<void> {
    const work: Promise<unknown>[] = [];
    for (const [controller, { stored, retries }] of this.#valves) {
      const isDue = ({ zone, until }: OpenZone) => until <= now && (retries.get(zone)?.next ?? 0) <= now;
      if (!stored.waiting.some(({ expiresAt }) => expiresAt <= now) && !stored.open.some(isDue)) continue;
      work.push(
        this.#inTurn(controller, async (valves) => {
          await this.#dropExpired(valves);
          await this.#closeDue(valves);
        }),
      );
    }
    await Promise.all(work);
  }

  /** Sends a command now, or lets it wait. */
  async #obey(valves: Valves, command: Command): Promise<Outcome> {
    const { id } = command;
    const others = valves.stored.waiting.filter((one) => one !== command);
    const { commandsWaiting } = this.#parts.options;
    if (connectionTo(valves.controller) === undefined) {
      if (others.length >= commandsWaiting) {
        throw new HubError(
          'too_many_commands',
          `${commandsWaiting} commands wait for this controller already`,
        );
      }
      await this.#save(valves, { waiting: [...others, command] });
      this.#tell(valves, command, 'waiting');
      return { id, state: 'waiting' };
    }
    const now = this.#parts.clock.now();
    const zones = new Set(command.zones);
    const untouched = valves.stored.open.filter(({ zone }) => !zones.has(zone));
    const open =
      command.command === 'start_irrigation'
        ? command.zones.map((zone) => ({ zone, since: now, until: now + (command.seconds ?? 0) * 1_000 }))
        : valves.stored.open.filter(({ zone }) => zones.has(zone)).map((one) => ({ ...one, until: now }));
    if (untouched.length + open.length > MAX_OPEN) {
      throw new HubError('too_many_commands', `${MAX_OPEN} valves of this controller are open already`);
    }
    await this.#save(valves, { waiting: others, open: [...untouched, ...open] });
    for (const zone of zones) valves.retries.delete(zone);
    // It may have gone while that was stored. A valve that is not open then is closed in vain, which does no harm.
    const connection = connectionTo(valves.controller);
    if (connection === undefined) return this.#obey(valves, command);
    if (this.#parts.clock.now() >= command.expiresAt) {
      this.#tell(valves, command, 'expired');
      return { id, state: 'expired' };
    }
    connection.send(orderOf(command, valves.controller, this.#parts.boards));
    if (command.command === 'stop_irrigation') {
      for (const { zone } of open) valves.retries.set(zone, { tries: 1, next: now + FIRST_RETRY });
    }
    this.#tell(valves, command, 'sent');
    return { id, state: 'sent' };
  }

  async #dropExpired(valves: Valves): Promise<void> {
    const now = this.#parts.clock.now();
    const late = valves.stored.waiting.filter(({ expiresAt }) => expiresAt <= now);
    if (late.length === 0) return;
    await this.#save(valves, { waiting: valves.stored.waiting.filter((one) => !late.includes(one)) });
    for (const command of late) this.#tell(valves, command, 'expired');
  }

  /** Sends the stop of what has been open long enough, until the controller says that it is closed. */
  async #closeDue(valves: Valves): Promise<void> {
    const connection = connectionTo(valves.controller);
    if (connection === undefined) return;
    const now = this.#parts.clock.now();
    const due = valves.stored.open.filter(
      ({ zone, until }) => until <= now && (valves.retries.get(zone)?.next ?? 0) <= now,
    );
    if (due.length === 0) return;
    const zones = due.map(({ zone }) => zone);
    const isFirst = zones.some((zone) => !valves.retries.has(zone));
    for (const zone of zones) {
      const tries = (valves.retries.get(zone)?.tries ?? 0) + 1;
      const wait = Math.min(FIRST_RETRY * 2 ** (tries - 1), LONGEST_RETRY);
      valves.retries.set(zone, { tries, next: now + wait });
    }
    const command = makeCommand('stop_irrigation', this.#parts, { zones, by: HUB });
    connection.send(orderOf(command, valves.controller, this.#parts.boards));
    if (isFirst) this.#tell(valves, command, 'sent');
  }

  #tell({ controller }: Valves, { expiresAt, ...command }: Command, state: State): void {
    void this.#parts.intake.record(controller, 'command', { ...command, expires_at: expiresAt, state });
  }

  async #save(valves: Valves, change: Partial<Stored>): Promise<void> {
    const next = { ...valves.stored, ...change };
    await this.#documents.put(valves.controller.id, next);
    valves.stored = next;
  }

  #of(controller: Controller): Valves {
    let valves = this.#valves.get(controller);
    if (valves === undefined) {
      valves = { controller, stored: NOTHING, retries: new Map(), turn: Promise.resolve() };
      this.#valves.set(controller, valves);
    }
    return valves;
  }

  #inTurn<R>(controller: Controller, work: (valves: Valves) => Promise<R>): Promise<R> {
    const valves = this.#of(controller);
    const done = valves.turn.then(() => work(valves));
    valves.turn = done.catch(() => {});
    return done;
  }

  /** As `inTurn`, for what nobody waits for. */
  #later(controller: Controller, work: (valves: Valves) => Promise<void>): void {
    this.#inTurn(controller, work).catch((error: unknown) => {
      this.#parts.log.error({ err: error, controller: controller.id }, 'valves could not be looked after');
    });
  }
}
