/** One isolate with one function: a line of JSON in, a line of JSON out. */
import { createInterface } from 'node:readline';
import ivm from 'isolated-vm';

const isolate = new ivm.Isolate({ memoryLimit: 64 });
const context = isolate.createContextSync();
const call = context.evalSync(
  '(text) => { const { id, text: words } = JSON.parse(text); return JSON.stringify({ status: 200, reports: [{ id, text: words }] }); }',
  { reference: true },
);
let answers = '';
createInterface({ input: process.stdin }).on('line', (line) => {
  if (answers === '') {
    setImmediate(() => {
      process.stdout.write(answers);
      answers = '';
    });
  }
  answers += `${call.applySync(undefined, [line], { timeout: 1_000 })}\n`;
});
