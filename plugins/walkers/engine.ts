/** What all ways to a walker share: the walkers there are, the processes that run them, the graph. */
import { resolve } from 'node:path';
import { type Hub, HubError, type JsonText, type Log, type Services } from '../../core/index.ts';
import type { Call, CallFailed, CallResult, Props, Voice } from './call.ts';
import { type Caller, userOf } from './callers.ts';
import type { Offers } from './grants/offers.ts';
import { Graph } from './graph/graph.ts';
import { overlayOn } from './graph/overlay.ts';
import { type Options, runLimits } from './options.ts';
import { Stage } from './rehearsal.ts';
import { Runner } from './runner.ts';
import { type LoadedWalker, type WalkerFile, WalkerLibrary } from './runtime/library.ts';
import { WalkerPool } from './runtime/pool.ts';
import type { LogLevel, NotifyTarget } from './runtime/run.ts';

/** Milliseconds that running walkers get to end when the hub stops. */
const GRACE = 2_000;

/** Walkers that trigger each other through topics: of more in a row, the last one is not run. */
const MOST_TRIGGERED = 10;

/** Sends what walkers notify to clients. */
export type Delivery = (
  to: Exclude<NotifyTarget, 'self'>,
  targets: readonly string[],
  data: JsonText,
) => void;

interface EngineParts {
  readonly delivery: Delivery;
  readonly offers: Offers;
}

/** Is told that walkers came, went or changed. */
type Listener = (walkers: ReadonlyMap<string, LoadedWalker>) => void;

export class Engine {
  /** Absolute. */
  readonly folder: string;
  readonly users: Services['users'];
  readonly graph: Graph;
  readonly offers: Offers;
  readonly #hub: Hub;
  readonly #topics: Services['topics'];
  readonly #voiceParts: VoiceParts;
  readonly #pool: WalkerPool;
  readonly #library: WalkerLibrary;
  readonly #runner: Runner;
  readonly #listeners: Listener[] = [];
  /** The first load, when it has begun. */
  #loading: Promise<readonly WalkerFile[]> | undefined;
  #loaded: PromiseWithResolvers<void> | undefined = Promise.withResolvers();

  constructor(hub: Hub, options: Options, { delivery, offers }: EngineParts) {
    const { processes, queue, userQueue, queueMs, readBytes, recordBytes } = options;
    this.#hub = hub;
    this.offers = offers;
    this.users = hub.use('users');
    this.#topics = hub.use('topics');
    this.folder = resolve(options.folder);
    this.#pool = new WalkerPool({
      ...(processes !== undefined && { processes }),
      queue,
      userQueue,
      queueMs,
      onChildError: (text) => hub.log.debug({ text }, 'a process that runs walkers said something'),
    });
    const limits = runLimits(options);
    const { grants } = offers;
    this.#library = new WalkerLibrary({ folder: this.folder, pool: this.#pool, limits, grants });
    this.graph = new Graph(hub.store);
    this.#runner = new Runner(
      { graph: this.graph, pool: this.#pool, offers, log: hub.log },
      { readBytes, recordBytes },
    );
    this.#voiceParts = {
      log: hub.log,
      delivery,
      publish: (topic, data, caller, triggered) => {
        this.#topics.publish(topic, data.toJSON(), {
          walkerOf: { user: userOf(caller) },
          hops: triggered,
        });
      },
    };
  }

  /** Resolves when the walkers were loaded for the first time: what arrives before waits for it. Undefined: they were. */
  get loaded(): Promise<void> | undefined {
    return this.#loaded?.promise;
  }

  /** By name. */
  get walkers(): ReadonlyMap<string, LoadedWalker> {
    return this.#library.walkers;
  }

  get files(): readonly WalkerFile[] {
    return this.#library.files;
  }

  /** Starts the processes and loads the walkers, unless that was done: for a command, which says itself what does not load. */
  async start(): Promise<void> {
    await this.#load();
  }

  /** A walker, also in a command. @throws HubError `not_found`. */
  async find(name: string): Promise<LoadedWalker> {
    await this.start();
    const walker = this.walkers.get(name);
    if (walker === undefined) throw new HubError('not_found', `there is no walker ${name}`);
    return walker;
  }

  #load(): Promise<readonly WalkerFile[]> {
    if (this.#loading === undefined) {
      this.#pool.start(this.offers.close());
      this.#loading = this.#library.load();
    }
    return this.#loading;
  }

  /** Starts the processes and loads the walkers, from now on whenever one is saved. */
  async serve(): Promise<void> {
    try {
      this.#tell(await this.#load());
    } finally {
      this.#loaded?.resolve();
      this.#loaded = undefined;
    }
    if (!this.#hub.signal.aborted) this.#library.watch((files) => this.#tell(files));
  }

  async stop(): Promise<void> {
    this.#library.close();
    await this.#pool.stop(GRACE);
  }

  /** @param listener is called after the first load, too. */
  onChange(listener: Listener): void {
    this.#listeners.push(listener);
  }

  /**
   * Runs a walker; its log and its failure go to the hub's log. Never rejects.
   * @param self gets what the walker notifies the client of that triggered it.
   */
  run(call: Call, self?: (data: JsonText) => void): Promise<CallResult> {
    return this.#run(call, 0, self);
  }

  /** Whether a run of it can begin now, and would get through without asking the hub for anything. */
  mayRunAhead(walker: LoadedWalker): boolean {
    return this.#pool.hasRoom && this.#pool.isSelfReliant(walker);
  }

  /**
   * For a walker that nobody calls: the clock runs it, or a topic that is told of.
   * @param hops how many walkers have triggered each other to get there.
   * @returns runs it, now or later, as `run` does; undefined when too many have triggered each other to get there.
   */
  triggered(walker: string, hops = 0): ((call: Call) => Promise<CallResult>) | undefined {
    const triggered = hops + 1;
    if (triggered <= MOST_TRIGGERED) return (call) => this.#run(call, triggered);
    const message = `a walker was not run: ${MOST_TRIGGERED} walkers in a row have triggered each other`;
    this.#hub.log.warn({ walker }, message);
    return undefined;
  }

  #run(call: Call, triggered: number, self?: (data: JsonText) => void): Promise<CallResult> {
    return this.#runner.run(call, new HubVoice(this.#voiceParts, call, triggered, self));
  }

  /** As `run`, with all that the walker says to somebody else than the hub. */
  runAside(call: Call, voice: Voice, props?: Props): Promise<CallResult> {
    return this.#runner.run(call, voice, props);
  }

  /** A graph that lies over the stored one, or begins empty: nothing of what happens on it is stored. */
  stage(isEmpty: boolean): Stage {
    return new Stage(new Graph(overlayOn(isEmpty ? undefined : this.#hub.store)));
  }

  #tell(files: readonly WalkerFile[]): void {
    for (const { file, walkers, error } of files) {
      if (error !== undefined) this.#hub.log.error({ file }, `a walker file does not load: ${error}`);
      else this.#hub.log.info({ file, walkers: walkers.map(({ name }) => name) }, 'walkers loaded');
    }
    for (const listener of this.#listeners) listener(this.walkers);
  }
}

interface VoiceParts {
  readonly log: Log;
  readonly delivery: Delivery;
  /** @throws what the service `topics` throws. */
  readonly publish: (topic: string, data: JsonText, caller: Caller, triggered: number) => void;
}

/** Where a walker's words go when it runs for a client, a schedule or a topic. */
class HubVoice implements Voice {
  readonly #parts: VoiceParts;
  readonly #call: Call;
  readonly #triggered: number;
  readonly #self: ((data: JsonText) => void) | undefined;
  #traceId: string | undefined;

  constructor(
    parts: VoiceParts,
    call: Call,
    triggered: number,
    self: ((data: JsonText) => void) | undefined,
  ) {
    this.#parts = parts;
    this.#call = call;
    this.#triggered = triggered;
    this.#self = self;
  }

  notify(to: NotifyTarget, targets: readonly string[], data: JsonText): void {
    if (to === 'self') this.#self?.(data);
    else this.#parts.delivery(to, targets, data);
  }

  emit(topic: string, data: JsonText): void {
    try {
      this.#parts.publish(topic, data, this.#call.caller, this.#triggered);
    } catch (error) {
      // The walker is not waiting for an answer, it may be done.
      this.#parts.log.warn({ ...this.#trace(), topic, err: error }, 'an event of a walker was refused');
    }
  }

  log(level: LogLevel, text: string): void {
    this.#parts.log[level](this.#trace(), text);
  }

  failed({ code, message, at }: CallFailed): void {
    // A caller is told of these; what was triggered has none.
    if (this.#triggered === 0 && (code === 'invalid' || code === 'forbidden')) return;
    const facts = { ...this.#trace(), code, ...(at !== undefined && { at }) };
    this.#parts.log.warn(facts, `a walker failed: ${message}`);
  }

  #trace() {
    const { walker, caller } = this.#call;
    this.#traceId ??= crypto.randomUUID();
    return { walker: walker.name, root: caller.root, traceId: this.#traceId };
  }
}
