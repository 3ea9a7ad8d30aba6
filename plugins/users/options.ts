/** The options of the plugin; every one has a default. */
import { type Static, Type } from '../../core/index.ts';

export const Options = Type.Object({
  registration: Type.Boolean({
    default: true,
    description: 'Whether anybody may register; without, accounts are made by `hub users add`.',
  }),
  registrationsPerAddress: Type.Integer({
    default: 100,
    minimum: 1,
    description: 'Registrations an address may try in an hour.',
  }),
  accounts: Type.Integer({ default: 100_000, minimum: 1, description: 'Accounts at most.' }),
  fieldBytes: Type.Integer({
    default: 4_096,
    minimum: 0,
    maximum: 1_048_576,
    description: 'Bytes, as JSON, of the further fields given at registration; 0: none may be given.',
  }),
  passwordLength: Type.Integer({
    default: 8,
    minimum: 8,
    maximum: 64,
    description: 'Characters of a password at least; at most it has 256 bytes.',
  }),
  tokenSeconds: Type.Integer({
    default: 43_200,
    minimum: 60,
    description: 'How long the token of a login is valid.',
  }),
  failuresPerAccount: Type.Integer({
    default: 10,
    minimum: 1,
    description: 'Failed logins to an account in a window, from addresses that never logged in to it.',
  }),
  failuresPerAddress: Type.Integer({
    default: 50,
    minimum: 1,
    description: 'Failed logins from an address in a window, to whatever accounts.',
  }),
  failureSeconds: Type.Integer({
    default: 900,
    minimum: 1,
    maximum: 86_400,
    description: 'Length of that window; it begins with the first failure.',
  }),
  hashMemory: Type.Integer({
    default: 19_456,
    minimum: 7_168,
    maximum: 1_048_576,
    description: 'Memory of argon2id, in KiB.',
  }),
  hashPasses: Type.Integer({ default: 2, minimum: 1, maximum: 100, description: 'Passes of argon2id.' }),
  hashParallelism: Type.Integer({ default: 1, minimum: 1, maximum: 16, description: 'Lanes of argon2id.' }),
  hashesAtOnce: Type.Integer({
    default: 1,
    minimum: 1,
    maximum: 64,
    description: 'Passwords hashed at the same time; each keeps a core busy for some 30 ms.',
  }),
  hashesWaiting: Type.Integer({
    default: 100,
    minimum: 0,
    description: 'Passwords that may wait to be hashed, half of them from one address; more are refused.',
  }),
  endedTokensMs: Type.Integer({
    default: 1_000,
    minimum: 1,
    maximum: 60_000,
    description:
      'How often to look for tokens ended by a process that is no hub of the cluster, such as a command.',
  }),
});
export type Options = Static<typeof Options>;
