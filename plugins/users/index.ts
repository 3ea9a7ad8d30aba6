/** Users: who they are, their logins and tokens. README.md says what it serves and what it leaves to others. */
import { definePlugin } from '../../core/index.ts';
import { Accounts } from './accounts.ts';
import { addCommands } from './commands.ts';
import { LoginGuard } from './login-guard.ts';
import { Logins } from './logins.ts';
import { Options } from './options.ts';
import { Passwords } from './passwords.ts';
import { RegistrationGuard } from './registration-guard.ts';
import { serveUsers } from './routes.ts';
import { usersService } from './service.ts';
import { Tokens } from './tokens.ts';
import { defineTopics } from './topics.ts';

export default definePlugin({
  name: 'users',
  api: '^1.0.0',
  after: ['topics'],
  options: Options,
  async setup(hub, options) {
    const accounts = new Accounts(hub.store, options.accounts);
    const passwords = new Passwords(options);
    const tokens = new Tokens(hub, accounts, options);
    const guard = new LoginGuard(options, hub);
    const logins = new Logins({
      options,
      accounts,
      passwords,
      tokens,
      guard,
      registrations: new RegistrationGuard(options, hub),
      log: hub.log,
      tell: defineTopics(hub),
    });
    await serveUsers(hub, options, logins);
    addCommands(hub, { accounts, passwords, tokens });
    hub.provide('users', usersService(accounts));
  },
});
