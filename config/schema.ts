/** The configuration: every setting with its default and its bounds. */
import { type Static, Type } from 'typebox';
import { ConnectionLimits } from '../core/limits.ts';
import { LOG_LEVELS } from '../core/log.ts';
import type { DeepPartial } from '../core/plugin.ts';
import type { PluginEntry } from '../core/plugins.ts';

const closed = { additionalProperties: false };

const Settings = Type.Object(
  {
    host: Type.String({
      default: 'localhost',
      minLength: 1,
      description:
        'Where to listen: a name or an address; `localhost` is this machine only, `0.0.0.0` every interface.',
    }),
    ports: Type.Array(Type.Integer({ minimum: 0, maximum: 65_535 }), {
      default: [8080],
      minItems: 1,
      description: 'All ports serve the same; 0 is a free one.',
    }),
    data: Type.String({
      default: './data',
      minLength: 1,
      description: 'Folder of the embedded store and of small state.',
    }),
    store: Type.Union([Type.Literal('sqlite'), Type.Literal('lowdb'), Type.Literal('memory')], {
      default: 'sqlite',
      description: '`sqlite` for data of any size, `lowdb` for readable JSON files, `memory` keeps nothing.',
    }),
    durability: Type.Union([Type.Literal('process'), Type.Literal('power')], {
      default: 'process',
      description:
        'What an acknowledged write in sqlite survives: the end of the process, or a power cut too.',
    }),
    logLevel: Type.Union(
      LOG_LEVELS.map((level) => Type.Literal(level)),
      {
        default: 'info',
        description: 'Entries of this level and above are logged, as JSON on standard error.',
      },
    ),
    origins: Type.Array(Type.String({ pattern: '^(\\*|https?://[^/]+)$' }), {
      default: [],
      description:
        'Web origins that may connect, besides the hub itself and localhost: exact, or `*` for all.',
    }),
    trustedProxies: Type.Integer({
      default: 0,
      minimum: 0,
      description: 'Reverse proxies in front of the hub that append to X-Forwarded-For.',
    }),
    identity: Type.Object(
      {
        secret: Type.Optional(
          Type.String({
            minLength: 32,
            // Messages do not quote what is marked so.
            writeOnly: true,
            description:
              'Signs and verifies tokens of the hub: at least 32 characters, or an Ed25519 private key as PEM.',
          }),
        ),
        jwks: Type.Optional(
          Type.String({ pattern: '^https?://', description: "URL of an issuer's key set." }),
        ),
        issuer: Type.Optional(Type.String({ description: 'Required `iss` of tokens of that issuer.' })),
        audience: Type.Optional(Type.String({ description: 'Required `aud` of tokens of that issuer.' })),
      },
      { ...closed, default: {} },
    ),
    limits: Type.Object(
      {
        ...ConnectionLimits.properties,
        connections: Type.Integer({
          default: 0,
          minimum: 0,
          description: 'Open connections in all; 0: no limit.',
        }),
        connectionsPerAddress: Type.Integer({
          default: 1_000,
          minimum: 1,
          description: 'Open connections of one remote address; loopback addresses are not counted.',
        }),
        bodyBytes: Type.Integer({
          default: 1_048_576,
          minimum: 1,
          description: 'Longest HTTP request body.',
        }),
        idleSeconds: Type.Integer({
          default: 120,
          minimum: 8,
          maximum: 960,
          description: 'A connection without a sign of life for so long is dead; pings are sent before.',
        }),
        setupMs: Type.Integer({
          default: 30_000,
          minimum: 1,
          description: 'Time for the set-up of each plugin.',
        }),
        stopMs: Type.Integer({
          default: 10_000,
          minimum: 0,
          description: 'Time to finish what runs when the hub stops.',
        }),
        noticeMs: Type.Integer({
          default: 0,
          minimum: 0,
          maximum: 600_000,
          description:
            'Before that, a hub that stops goes on for so long, while `/health/ready` answers 503 already: for load balancers to notice.',
        }),
        reconnectMs: Type.Integer({
          default: 2_000,
          minimum: 0,
          maximum: 600_000,
          description: 'Clients of a hub that stops come to another one, or back, spread over so long.',
        }),
      },
      { ...closed, default: {} },
    ),
  },
  closed,
);
type Settings = Static<typeof Settings>;

/** The plugins are functions and objects of their own, which their loader checks. */
export const Configuration = Type.Object(
  { plugins: Type.Array(Type.Unsafe<PluginEntry>({}), { default: [] }), ...Settings.properties },
  closed,
);
export type Configuration = Static<typeof Configuration>;

/** A whole configuration, checked and complete. */
export interface HubConfig extends Configuration {
  /** The file it came from: package names are resolved from there. */
  readonly file: string;
}

/** What a `hub.config.ts` exports. Everything has a default. */
export type UserConfig = DeepPartial<Settings> & { readonly plugins?: readonly PluginEntry[] };
