/** The public API: what plugins and configurations build on. Everything else in this folder may change at any time. */
export { type Static, type TObject, type TSchema, Type } from 'typebox';
export type { AppendOptions, Broker, BrokerReceiver, Keep, Past, Position } from './broker/port.ts';
export type { Channels } from './channels.ts';
export { CLOSE_CODES } from './close-codes.ts';
export type { Envelope } from './codec.ts';
export type { Connection } from './connection.ts';
export type { Endpoint, EndpointOptions } from './endpoint.ts';
export { type ErrorReport, HubError, StartError } from './errors.ts';
export type {
  AuthenticateRequest,
  ClosedConnection,
  Congestion,
  Denial,
  Hooks,
  IdentityChange,
  InboundMessage,
  OutboundMessage,
  PluginFailure,
  SubscribeRequest,
  Verdict,
} from './hooks.ts';
export type { Identity, IdentityService } from './identity.ts';
export { JsonText } from './json.ts';
export type { HeldTask, Lease, LeaseTerm } from './lease.ts';
export type { LeaseClaim, LeaseTable } from './leases/port.ts';
export type { Line, LineHears } from './lines.ts';
export type { Log } from './log.ts';
export type {
  HandlerOptions,
  Message,
  MessageFactory,
  MessageHandler,
  OutgoingOptions,
  Overflow,
  Reply,
} from './messages.ts';
export type { Notify, NotifyOptions } from './notify.ts';
export {
  API_VERSION,
  type BroughtParts,
  type CommandInput,
  type ConfiguredPlugin,
  type DocumentPaths,
  definePlugin,
  type EveryOptions,
  type Hub,
  type HubFacts,
  type PluginCommand,
  type PluginDefinition,
  type PluginFactory,
  type PluginStore,
  type Services,
} from './plugin.ts';
export type { PresenceEntry, PresenceTable } from './presence/port.ts';
export type { Presence, Present } from './presence.ts';
export { compile, type ErrorObject, explain, type Validator } from './schema.ts';
export type { ReadyAnswer } from './shortcuts.ts';
export {
  type Blobs,
  type Change,
  type Collection,
  type Condition,
  hashOf,
  type IdRange,
  type Log as StoreLog,
  type LogEntry,
  type LogRange,
  type Store,
  type StoreContents,
  type StoreNames,
  type TextEntry,
} from './store/port.ts';
export * as storeRules from './store/rules.ts';
export type { State } from './store/state.ts';
export type { Stream, StreamEntry, StreamHears } from './stream.ts';
