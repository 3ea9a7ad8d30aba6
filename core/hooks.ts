/**
 * The hooks plugins tap, and their containment: whatever a tap does, the hub goes on, and the log says whose tap it was.
 * Only synchronous hooks lie on the path of a message.
 */
import { AsyncSeriesBailHook, SyncBailHook, SyncHook, SyncWaterfallHook } from 'tapable';
import { isRecord } from './codec.ts';
import type { Connection } from './connection.ts';
import { HubError } from './errors.ts';
import { ReportedFailure } from './failures.ts';
import type { Identity } from './identity.ts';

/** A verdict against something; the reason reaches the caller. */
export interface Denial {
  readonly deny: string;
}
/** `true` allows, a denial refuses, undefined leaves it to the next tap. The first verdict wins. */
export type Verdict = true | Denial | undefined;

export interface AuthenticateRequest {
  readonly token: string;
  /** First path of the endpoint; undefined for an HTTP request. */
  readonly endpoint: string | undefined;
  /** Whom the core's own keys take it for; undefined: they do not accept it. */
  readonly identity: Identity | undefined;
}
export interface SubscribeRequest {
  readonly connection: Connection<unknown>;
  readonly channel: string;
}
export interface InboundMessage {
  readonly connection: Connection<unknown>;
  readonly type: string;
  readonly content: unknown;
}
export interface OutboundMessage {
  /** First path of the endpoint the message belongs to. */
  readonly endpoint: string;
  readonly type: string;
  /** A value, or a `JsonText`. */
  readonly content: unknown;
}
export interface ClosedConnection {
  readonly connection: Connection<unknown>;
  readonly code: number;
}
export interface IdentityChange {
  readonly connection: Connection<unknown>;
  /** Undefined: was anonymous. The present one is `connection.identity`. */
  readonly before: Identity | undefined;
}
export interface Congestion {
  readonly connection: Connection<unknown>;
  /** Bytes that wait for the reader. */
  readonly waiting: number;
}
export interface PluginFailure {
  readonly plugin: string;
  /** What failed: `hook closed`, `message "JOIN"`, `timer "sweep"`. */
  readonly where: string;
  readonly error: unknown;
  readonly traceId: string;
}

/** A hook as a plugin sees it. */
interface Tappable<P, R> {
  /** @param options.stage taps run in ascending order of stage, then of registration. Default 0. */
  tap(tap: (payload: P) => R, options?: { readonly stage?: number }): void;
}

/** The hooks as plugins see them: taps carry the plugin's name. */
export interface Hooks {
  /** Decides about a token: refuses one the core accepts, or knows one it does not; undefined leaves it to the core. A throw denies. */
  readonly authenticate: Tappable<AuthenticateRequest, MaybePromise<Identity | Denial | undefined>>;
  /** Decides whether a connection may join a channel. A throw denies. */
  readonly authorizeSubscribe: Tappable<SubscribeRequest, MaybePromise<Verdict>>;
  /** Decides whether a message is handled. A throw or a promise denies. */
  readonly authorizeMessage: Tappable<InboundMessage, Verdict>;
  /** Transforms a checked message before its handler. A throw drops it, with an error reply. */
  readonly inbound: Tappable<InboundMessage, InboundMessage>;
  /** Transforms a message before it is encoded. A throw drops it. */
  readonly outbound: Tappable<OutboundMessage, OutboundMessage>;
  readonly opened: Tappable<Connection<unknown>, void>;
  readonly closed: Tappable<ClosedConnection, void>;
  readonly identified: Tappable<IdentityChange, void>;
  readonly subscribed: Tappable<SubscribeRequest, void>;
  readonly unsubscribed: Tappable<SubscribeRequest, void>;
  readonly congested: Tappable<Congestion, void>;
  readonly pluginError: Tappable<PluginFailure, void>;
}

type MaybePromise<T> = T | Promise<T>;

/** The hooks as the core calls them. */
export class HookPoints {
  readonly authenticate = new AsyncSeriesBailHook<[AuthenticateRequest], Identity | Denial>(
    ['request'],
    'authenticate',
  );
  readonly authorizeSubscribe = new AsyncSeriesBailHook<[SubscribeRequest], true | Denial>(
    ['request'],
    'authorizeSubscribe',
  );
  readonly authorizeMessage = new SyncBailHook<[InboundMessage], Verdict>(['message'], 'authorizeMessage');
  readonly inbound = new SyncWaterfallHook<[InboundMessage]>(['message'], 'inbound');
  readonly outbound = new SyncWaterfallHook<[OutboundMessage]>(['message'], 'outbound');
  readonly opened = new SyncHook<[Connection<unknown>]>(['connection'], 'opened');
  readonly closed = new SyncHook<[ClosedConnection]>(['closed'], 'closed');
  readonly identified = new SyncHook<[IdentityChange]>(['change'], 'identified');
  readonly subscribed = new SyncHook<[SubscribeRequest]>(['request'], 'subscribed');
  readonly unsubscribed = new SyncHook<[SubscribeRequest]>(['request'], 'unsubscribed');
  readonly congested = new SyncHook<[Congestion]>(['congestion'], 'congested');
  readonly pluginError = new SyncHook<[PluginFailure]>(['failure'], 'pluginError');

  /** @param report logs and counts a failed tap, and gives the trace id. */
  constructor(report: (plugin: string, where: string, error: unknown) => string) {
    // A refusal is worded for the caller; what else a tap throws is not, and stays in the log.
    const denied = (plugin: string, where: string, error: unknown): Denial => {
      if (error instanceof HubError) return { deny: error.message };
      return { deny: `the hub failed to decide, trace id ${report(plugin, where, error)}` };
    };
    for (const hook of [this.authenticate, this.authorizeSubscribe]) {
      const check = hook === this.authenticate ? checkIdentity : checkVerdict;
      contain(hook, (name, tap) => async (payload: unknown) => {
        try {
          return check(await tap(payload));
        } catch (error) {
          return denied(name, `hook ${hook.name}`, error);
        }
      });
    }
    contain(this.authorizeMessage, (name, tap) => (payload: unknown) => {
      try {
        return checkVerdict(synchronous(tap(payload)));
      } catch (error) {
        return denied(name, 'hook authorizeMessage', error);
      }
    });
    for (const hook of [this.inbound, this.outbound]) {
      contain(hook, (name, tap) => (payload: unknown) => {
        try {
          return checkMessage(synchronous(tap(payload)));
        } catch (error) {
          if (error instanceof HubError) throw error;
          throw new ReportedFailure(report(name, `hook ${hook.name}`, error), error);
        }
      });
    }
    const observers = [
      this.opened,
      this.closed,
      this.identified,
      this.subscribed,
      this.unsubscribed,
      this.congested,
      this.pluginError,
    ];
    for (const hook of observers) {
      contain(hook, (name, tap) => (payload: unknown) => {
        const failed = (error: unknown) => void report(name, `hook ${hook.name}`, error);
        try {
          const result = tap(payload);
          if (isPromise(result)) result.then(undefined, failed);
        } catch (error) {
          failed(error);
        }
      });
    }
  }

  /** The hooks for one plugin to tap. @param admit is told of each tap; it throws once set-up is over. */
  forPlugin(plugin: string, admit: (hook: string) => void): Hooks {
    const sync = <P, R>(hook: {
      name: string | undefined;
      tap: (o: TapOptions, fn: (p: P) => R) => void;
    }): Tappable<P, R> => ({
      tap: (fn, options) => {
        admit(hook.name ?? '');
        hook.tap({ name: plugin, stage: options?.stage ?? 0 }, fn);
      },
    });
    const async = <P, R>(hook: {
      name: string | undefined;
      tapPromise: (o: TapOptions, fn: (p: P) => Promise<R>) => void;
    }): Tappable<P, MaybePromise<R | undefined>> => ({
      tap: (fn, options) => {
        admit(hook.name ?? '');
        // A bail hook reads undefined as "no verdict"; tapable's type leaves that out.
        hook.tapPromise({ name: plugin, stage: options?.stage ?? 0 }, (async (payload: P) => fn(payload)) as (
          p: P,
        ) => Promise<R>);
      },
    });
    return {
      authenticate: async(this.authenticate),
      authorizeSubscribe: async(this.authorizeSubscribe),
      authorizeMessage: sync(this.authorizeMessage),
      inbound: sync(this.inbound),
      outbound: sync(this.outbound),
      opened: sync(this.opened),
      closed: sync(this.closed),
      identified: sync(this.identified),
      subscribed: sync(this.subscribed),
      unsubscribed: sync(this.unsubscribed),
      congested: sync(this.congested),
      pluginError: sync(this.pluginError),
    };
  }
}

interface TapOptions {
  name: string;
  stage: number;
}

type AnyTap = (payload: unknown) => unknown;

/** Wraps every tap at its registration, so that no tap runs bare. */
function contain(
  hook: {
    intercept(interceptor: { register: <T extends { name: string; fn: unknown }>(tap: T) => T }): void;
  },
  wrap: (name: string, tap: AnyTap) => AnyTap,
): void {
  hook.intercept({ register: (tap) => ({ ...tap, fn: wrap(tap.name, tap.fn as AnyTap) }) });
}

/** @throws TypeError for a promise, whose own error then goes nowhere. */
function synchronous(result: unknown): unknown {
  if (!isPromise(result)) return result;
  result.then(undefined, () => {});
  throw new TypeError('the hook is synchronous, but the tap returned a promise');
}

// What is no verdict must not pass for one: `false` would be read as "not denied".

function isDenial(value: unknown): boolean {
  return isRecord(value) && typeof value.deny === 'string';
}

function checkVerdict(value: unknown): unknown {
  if (value === undefined || value === true || isDenial(value)) return value;
  throw new TypeError('the tap must return true, { deny: reason } or undefined');
}

function checkIdentity(value: unknown): unknown {
  const isIdentity =
    isRecord(value) && typeof value.user === 'string' && value.user !== '' && isRecord(value.claims);
  if (value === undefined || isIdentity || isDenial(value)) return value;
  throw new TypeError('the tap must return { user, claims, expiresAt }, { deny: reason } or undefined');
}

function checkMessage(value: unknown): unknown {
  if (value === undefined || (isRecord(value) && 'content' in value)) return value;
  throw new TypeError('the tap must return the message, changed or as it was');
}

/** Whether a plugin tapped the hook. Tapable's own `isUsed` counts interceptors, and every hook here has one. */
export function isTapped(hook: { readonly taps: readonly unknown[] }): boolean {
  return hook.taps.length > 0;
}

export function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
