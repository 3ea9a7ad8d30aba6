/** How a run on the graph fails. */
import { HubError } from '../../../core/index.ts';

/** A run read what another one has overwritten since: it is to be repeated. Nothing of it was stored. */
export class Conflict extends Error {
  override readonly name = 'Conflict';
  constructor() {
    super('another run has changed what this one read');
  }
}

/** A run wants more than its limits allow. */
export function limitExceeded(message: string): HubError {
  return new HubError('limit_exceeded', message, 400);
}

/** What came from a child process is not what a sound one sends. */
export function invalidJournal(message: string): HubError {
  return new HubError('invalid_journal', `journal: ${message}`, 500);
}
