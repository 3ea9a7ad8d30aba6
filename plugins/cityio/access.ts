/** Who may do what. */
import { HubError, type Identity } from '../../core/index.ts';
import type { Options } from './options.ts';

/** @throws HubError `unauthorized` when the options let only identified users write, and this one is not. */
export function assertWriter({ write }: Options, identity: Identity | undefined): void {
  if (write === 'everybody' || identity !== undefined) return;
  throw new HubError('unauthorized', 'tables are changed with a valid token only');
}

/** @throws HubError `unauthorized` without an identity, `forbidden` when it is not an operator's. */
export function assertOperator({ operators, operatorRole }: Options, identity: Identity | undefined): void {
  if (identity === undefined) throw new HubError('unauthorized', 'a valid token is needed');
  const { role, roles: several } = identity.claims;
  const roles: readonly unknown[] = [role, several].flat();
  if (operators.includes(identity.user) || (operatorRole !== '' && roles.includes(operatorRole))) return;
  throw new HubError('forbidden', `"${identity.user}" is not an operator`);
}
