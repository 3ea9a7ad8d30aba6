/** From TypeScript as it was saved to a function that an isolate can call. Runs in the compiler's process only. */
import { stripTypeScriptTypes } from 'node:module';
import { type Program, parse } from 'acorn';
import { constantsOf } from './constants.ts';
import { type Rewritten, rewrite } from './rewrite.ts';
import { checkRules } from './rules.ts';
import { type Position, sourceError } from './source-error.ts';

/** @throws SourceError; anything else means that the process is not to be trusted with another file. */
export function translate(path: string, source: string): Rewritten {
  const program = parsed(path, stripped(path, source));
  checkRules(path, program.tree);
  const result = rewrite(path, program.source, program.tree, constantsOf(program.tree));
  checkWhole(path, result.code);
  return result;
}

function stripped(path: string, source: string): string {
  try {
    return stripTypeScriptTypes(source, { mode: 'strip', sourceUrl: path });
  } catch (error) {
    if (error instanceof Error && 'code' in error && String(error.code).endsWith('_TYPESCRIPT_SYNTAX'))
      throw sourceError(path, error.message, positionIn(error.stack ?? ''));
    throw error;
  }
}

/** Node writes `path:line`, the line itself and a line with `^` under what is wrong before the error. */
function positionIn(stack: string): Position | undefined {
  const line = /^.*:(\d+)\n/.exec(stack)?.[1];
  const column = /^([ \t]*)\^+$/m.exec(stack)?.[1]?.length;
  return line === undefined ? undefined : { line: Number(line), column: column ?? 0 };
}

/** Comments that would give the code another name and other lines. Node's type stripping adds one, too. */
const MAGIC_COMMENT = /^[#@]\s*source(?:Mapping)?URL/;

function parsed(path: string, given: string): { source: string; tree: Program } {
  let source = given;
  const onComment = (_isBlock: boolean, text: string, start: number) => {
    if (MAGIC_COMMENT.test(text)) source = `${source.slice(0, start + 2)} ${source.slice(start + 3)}`;
  };
  try {
    const tree = parse(given, { ecmaVersion: 'latest', sourceType: 'module', locations: true, onComment });
    return { source, tree };
  } catch (error) {
    if (error instanceof RangeError) throw sourceError(path, 'the code is nested too deeply');
    if (!(error instanceof SyntaxError)) throw error;
    // acorn adds the position as properties, and to the message as ` (line:column)`.
    const message = error.message.replace(/ \(\d+:\d+\)$/, '');
    throw sourceError(path, message, 'loc' in error && isPosition(error.loc) ? error.loc : undefined);
  }
}

function isPosition(value: unknown): value is Position {
  return typeof value === 'object' && value !== null && 'line' in value && 'column' in value;
}

/** Nothing of the source may stand outside of the function. */
function checkWhole(path: string, code: string): void {
  const { tree } = parsed(path, code);
  const [only, ...others] = tree.body;
  const isFunction =
    only?.type === 'ExportDefaultDeclaration' && only.declaration.type === 'ArrowFunctionExpression';
  if (!isFunction || others.some((statement) => statement.type !== 'EmptyStatement'))
    throw sourceError(path, 'the code cannot be made a function');
}
