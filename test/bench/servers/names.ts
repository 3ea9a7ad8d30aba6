/** Tokens of irrigation's servers are names: `board12` speaks for that controller, `user3` may see all of them. */
import { definePlugin } from '../../../core/index.ts';

export const names = definePlugin({
  name: 'names',
  api: '^1.0.0',
  setup(hub) {
    hub.hooks.authenticate.tap(({ token }) => {
      const claims = token.startsWith('board') ? { controller: token } : { controllers: ['*'] };
      return { user: token, claims, expiresAt: undefined };
    });
  },
});
