/** What all commands know of the process they run in. */
export const isProduction = process.env.NODE_ENV === 'production';

/** Standard output belongs to the commands; logs go to standard error. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
