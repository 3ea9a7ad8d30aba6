/** The options of the plugin; every one has a default. */
import { type Static, Type } from '../../core/index.ts';
import { DEFAULT_LIMITS, LimitsSchema, type RunLimits } from './runtime/limits.ts';

const Senders = (who: 'users' | 'members', what: string) =>
  Type.Enum(['anybody', 'users', 'members', 'nobody'], {
    default: who,
    description: `Who may send \`${what}\` events: anybody, logged-in users, ${what === 'channel' ? 'members of the channel' : 'logged-in users (`members` means the same here)'}, or nobody.`,
  });

export const Options = Type.Object({
  folder: Type.String({
    default: './walkers',
    minLength: 1,
    description: 'Folder of the walkers, relative to the working folder of the hub.',
  }),
  processes: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 64,
      description: 'Child processes that run walkers. Default: one less than cores, at least 1, at most 4.',
    }),
  ),
  queue: Type.Integer({
    default: 1_000,
    minimum: 0,
    description: 'Runs that may wait for a child process; the next one is answered `busy`.',
  }),
  userQueue: Type.Integer({
    default: 250,
    minimum: 0,
    description:
      'Of these, runs of one user. All who are not logged in count as one, topics as another, schedules as a third.',
  }),
  queueMs: Type.Integer({ default: 10_000, minimum: 1, description: 'Longest time a run waits, in ms.' }),
  limits: Type.Unsafe<Static<typeof LimitsSchema>>({
    ...LimitsSchema,
    default: {},
    description: 'What one run may use up, where it is to differ from the defaults.',
  }),
  readBytes: Type.Integer({
    default: 32_000_000,
    minimum: 1,
    description: 'Bytes of fields and access that one run may read from the graph.',
  }),
  recordBytes: Type.Integer({
    default: 1_000_000,
    minimum: 1,
    description: 'Bytes of one node or edge as it is stored.',
  }),
  userEvents: Senders('users', 'user'),
  channelEvents: Senders('members', 'channel'),
  clientEvents: Senders('users', 'client'),
  messageBytes: Type.Integer({
    default: 1_048_576,
    minimum: 1,
    description: 'Longest WebSocket message accepted, and what may wait for a slow reader.',
  }),
  bodyBytes: Type.Integer({
    default: 1_048_576,
    minimum: 1,
    description: 'Longest JSON body of a request.',
  }),
  uploadBytes: Type.Integer({
    default: 10_485_760,
    minimum: 1,
    maximum: 20_971_520,
    description: 'Bytes of all files of one upload.',
  }),
  uploadFiles: Type.Integer({ default: 10, minimum: 1, maximum: 100, description: 'Files of one upload.' }),
  asyncRuns: Type.Integer({
    default: 10_000,
    minimum: 1,
    description: 'Runs of async walkers whose state is kept; the oldest are forgotten.',
  }),
  switchUsers: Type.Integer({
    default: 1_000,
    minimum: 0,
    description: 'Users who may have one walker switched on: what triggers it runs it for each of them.',
  }),
  webhookKeys: Type.Integer({ default: 100, minimum: 0, description: 'API keys for webhooks of one user.' }),
});
export type Options = Static<typeof Options>;

/** The limits of a run: defaults, and what the options say. */
export function runLimits({ limits }: Options): RunLimits {
  return { ...DEFAULT_LIMITS, ...limits };
}
