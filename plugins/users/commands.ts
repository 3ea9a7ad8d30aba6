/** The commands `hub users …`: for those who operate the hub. They work while it runs, and while it does not. */
import { type Hub, StartError } from '../../core/index.ts';
import type { Account, Accounts } from './accounts.ts';
import { readEmail } from './emails.ts';
import { withoutTokens } from './ended-tokens.ts';
import type { Passwords } from './passwords.ts';
import { readPassword } from './read-password.ts';
import type { Tokens } from './tokens.ts';

const ADMIN = 'admin';
/** For the queue of hashes, which has nobody else in it here. */
const OPERATOR = 'operator';
const EMAIL = '<email>';

export interface CommandParts {
  readonly accounts: Accounts;
  readonly passwords: Passwords;
  readonly tokens: Tokens;
}

export function addCommands(hub: Hub, { accounts, passwords, tokens }: CommandParts): void {
  const newPassword = async () => {
    const password = await readPassword({ input: process.stdin, output: process.stderr });
    passwords.assertValid(password, 'password');
    return passwords.hash(password, OPERATOR);
  };
  hub.command({
    name: 'add',
    summary: 'make an account; the password is asked for, or read from standard input',
    args: [EMAIL],
    run: async ({ args: [given = ''], print }) => {
      const email = readEmail(given);
      await accounts.assertFree(email);
      const { id } = await accounts.create({ email, password: await newPassword(), fields: {} });
      print(`made the account ${email} with the id ${id}`);
    },
  });
  hub.command({
    name: 'set-password',
    summary: 'set the password of an account and end its tokens; asked for, or read from standard input',
    args: [EMAIL],
    run: async ({ args: [given], print }) => {
      const { id, email } = await known(accounts, given);
      const password = await newPassword();
      await tokens.end(id, (present) => withoutTokens({ ...present, password }));
      print(`set the password of ${email}; older tokens have ended`);
    },
  });
  hub.command({
    name: 'admin',
    summary: 'make a user an administrator, from the next login on',
    args: [EMAIL],
    options: { '--revoke': 'make an administrator an ordinary user again, at once: older tokens end' },
    run: async ({ args: [given], options: { revoke }, print }) => {
      const { id, email } = await known(accounts, given);
      if (revoke === true) {
        await tokens.end(id, (present) => withoutTokens({ ...present, roles: without(present, ADMIN) }));
        print(`${email} is no administrator; older tokens have ended`);
      } else {
        await accounts.change(id, (present) => ({ ...present, roles: [...without(present, ADMIN), ADMIN] }));
        print(`${email} is an administrator from the next login on`);
      }
    },
  });
  hub.command({
    name: 'end-tokens',
    summary: 'end all tokens of a user, who has to log in again',
    args: [EMAIL],
    run: async ({ args: [given], print }) => {
      const { id, email } = await known(accounts, given);
      await tokens.end(id, withoutTokens);
      print(`the tokens of ${email} have ended`);
    },
  });
  hub.command({
    name: 'list',
    summary: 'all accounts: id, e-mail address, when it was made, roles',
    run: async ({ print }) => {
      for await (const { id, email, createdAt, roles } of accounts.all()) {
        print([id, email, new Date(createdAt).toISOString(), ...roles].join('  '));
      }
    },
  });
}

/** @throws StartError when there is no such account. */
async function known(accounts: Accounts, email = ''): Promise<Account> {
  const account = await accounts.find(email);
  if (account === undefined) throw new StartError(`there is no account ${email}`);
  return account;
}

function without({ roles }: Account, role: string): string[] {
  return roles.filter((one) => one !== role);
}
