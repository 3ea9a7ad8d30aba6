/**
 * The compiler's process: takes the text of a file, answers with its translation. A process of its own, because text
 * that is nested deeply enough breaks Node's type stripping for the rest of the process it runs in.
 */
import { SourceError, sourceError } from './source-error.ts';
import { translate } from './translate.ts';

process.on('message', (message: { readonly path: string; readonly source: string }) => {
  process.send?.(answerTo(message.path, message.source));
});
process.on('disconnect', () => process.exit(0));

/** `fatal`: this process is not to be asked again. */
function answerTo(path: string, source: string): unknown {
  try {
    return { translated: translate(path, source) };
  } catch (error) {
    if (error instanceof SourceError) return { error: error.message };
    return { error: sourceError(path, 'the code cannot be parsed').message, fatal: true };
  }
}
