/** What a walker file may not contain: whatever runs later, loads code, or is not of a module. */
import type { AnyNode } from 'acorn';
import { sourceError } from './source-error.ts';
import { childrenOf } from './tree.ts';

/** Levels of nesting in the syntax tree; deeper ones are hard on every parser after this one. */
const MOST_DEPTH = 500;

/** @throws SourceError at the first thing that is refused. */
export function checkRules(path: string, program: AnyNode): void {
  const waiting: { readonly node: AnyNode; readonly depth: number }[] = [{ node: program, depth: 0 }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { node, depth } = next;
    const reason = depth > MOST_DEPTH ? 'the code is nested too deeply' : reasonToRefuse(node);
    if (reason !== undefined) throw sourceError(path, reason, node.loc?.start);
    for (const child of childrenOf(node)) waiting.push({ node: child, depth: depth + 1 });
  }
}

function reasonToRefuse(node: AnyNode): string | undefined {
  switch (node.type) {
    case 'FunctionDeclaration':
    case 'FunctionExpression':
    case 'ArrowFunctionExpression':
      return node.async
        ? 'async functions are not available: a walker runs from beginning to end'
        : undefined;
    case 'AwaitExpression':
      return 'await is not available: a walker runs from beginning to end';
    case 'ForOfStatement':
      return node.await ? 'for await is not available: a walker runs from beginning to end' : undefined;
    case 'VariableDeclaration':
      return node.kind === 'await using' ? 'await using is not available' : undefined;
    case 'ImportExpression':
      return 'import() is not available: import at the top of the file';
    case 'MetaProperty':
      return node.meta.name === 'import' ? 'import.meta is not available' : undefined;
    case 'WithStatement':
      return 'with is not available';
    case 'DebuggerStatement':
      return 'debugger is not available';
    default:
      return undefined;
  }
}
