/** Reads a password for a command. It is never an argument: arguments are seen by all users of a machine, and kept by shells. */
import { createInterface } from 'node:readline/promises';
import { type Readable, Writable } from 'node:stream';
import { StartError } from '../../core/index.ts';

/** Where a command reads from and asks: standard input and standard error. */
interface Terminal {
  readonly input: Readable & { readonly isTTY?: boolean };
  readonly output: Writable;
}

/** The first line of what is piped in; at a terminal it is asked for twice and not shown. @throws StartError without one. */
export async function readPassword({ input, output }: Terminal): Promise<string> {
  const isTyped = input.isTTY === true;
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  // From here on a terminal does not echo: what it asks comes after, for people who type ahead.
  const reader = createInterface({ input, output: nowhere, terminal: isTyped });
  // Ctrl-C, which a terminal in this mode does not turn into a signal.
  reader.on('SIGINT', () => reader.close());
  const lines = reader[Symbol.asyncIterator]();
  const ask = async (question: string): Promise<string> => {
    if (isTyped) output.write(question);
    const { value, done } = await lines.next();
    if (isTyped) output.write('\n');
    if (done === true) throw new StartError('no password was given');
    return value;
  };
  try {
    const password = await ask('Password: ');
    if (!isTyped || (await ask('The same again: ')) === password) return password;
    throw new StartError('the two passwords are not the same');
  } finally {
    reader.close();
  }
}
