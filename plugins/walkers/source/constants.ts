/**
 * Which files are the same in every run, so that they need not be evaluated again for each: nothing at their top can
 * hold what a run left there, once all that it names is frozen. In doubt, a file is evaluated for every run.
 */
import type { AnyNode, CallExpression, Expression, Program } from 'acorn';
import { LIBRARY } from './folder.ts';
import { childrenOf } from './tree.ts';

type Statement = Program['body'][number];

/** Functions of `hub:walker` that only make something. */
const DEFINES: ReadonlySet<string> = new Set(['walker', 'node', 'edge', 'grant']);
/** What is called on a walker that is being defined. */
const CHAINED: ReadonlySet<string> = new Set(['entry', 'exit']);
/** Members of `Type` that are its own, not of every object. */
const TYPE = /^[A-Z]/;

/** @returns the names at the top of the file, which are to be frozen; undefined when a run could leave something there. */
export function constantsOf(program: Program): readonly string[] | undefined {
  const found = new Constants(program);
  return found.isConstant ? found.names : undefined;
}

class Constants {
  readonly names: string[] = [];
  readonly isConstant: boolean;
  /** What the file has of `hub:walker`: by the name it uses, the name it has there. */
  readonly #library = new Map<string, string>();
  /** All names at the top, imports too: those are parameters of the function that the file becomes, which code can assign to. */
  readonly #tops = new Set<string>();
  /** Objects and lists. Nobody may have them but the library, which does not hand them out. */
  readonly #literals = new Set<string>();

  constructor(program: Program) {
    this.isConstant =
      program.body.every((statement) => this.#isConstantStatement(statement)) &&
      program.body.every((statement) => this.#leavesAlone(statement));
  }

  #isConstantStatement(statement: Statement): boolean {
    switch (statement.type) {
      case 'EmptyStatement':
      case 'ExportAllDeclaration':
        return true;
      case 'ImportDeclaration':
        for (const specifier of statement.specifiers) {
          // Its properties would be those of an object that is made for the file.
          if (specifier.type === 'ImportNamespaceSpecifier') return false;
          this.#tops.add(specifier.local.name);
          if (statement.source.value !== LIBRARY || specifier.type === 'ImportDefaultSpecifier') continue;
          const { imported, local } = specifier;
          if (imported.type === 'Identifier') this.#library.set(local.name, imported.name);
        }
        return true;
      case 'ExportNamedDeclaration':
        return !statement.declaration || this.#isConstantStatement(statement.declaration);
      case 'FunctionDeclaration':
        this.names.push(statement.id.name);
        this.#tops.add(statement.id.name);
        return true;
      case 'VariableDeclaration':
        return (
          statement.kind === 'const' &&
          statement.declarations.every(({ id, init }) => {
            if (id.type !== 'Identifier' || !init || !this.#isConstantValue(init)) return false;
            this.names.push(id.name);
            this.#tops.add(id.name);
            if (isLiteralObject(init)) this.#literals.add(id.name);
            return true;
          })
        );
      default:
        return false;
    }
  }

  /** No code of the user runs to make it. */
  #isConstantValue(value: AnyNode): boolean {
    switch (value.type) {
      case 'Identifier':
      case 'ArrowFunctionExpression':
        return true;
      case 'FunctionExpression':
        // By its own name its code could reach it, though nothing freezes it.
        return !value.id;
      case 'Literal':
        return !('regex' in value); // which remembers where it stopped
      case 'TemplateLiteral':
        return value.expressions.length === 0;
      case 'UnaryExpression':
        return value.argument.type === 'Literal';
      case 'MemberExpression':
        return !value.computed && this.#isConstantValue(value.object);
      case 'ArrayExpression':
        return value.elements.every((element) => element !== null && this.#isConstantValue(element));
      case 'ObjectExpression':
        return value.properties.every(
          (property) =>
            property.type === 'Property' &&
            property.kind === 'init' &&
            !property.computed &&
            this.#isConstantValue(property.value),
        );
      case 'CallExpression':
        return this.#isLibraryCall(value);
      default:
        return false;
    }
  }

  /** `walker(…)`, `Type.Integer(…)`, and the chain after the first: `walker(…).entry(…)`. No other call: it could run code. */
  #isLibraryCall({ callee, arguments: given }: CallExpression): boolean {
    if (!given.every((argument) => this.#isConstantValue(argument))) return false;
    if (callee.type === 'Identifier') return DEFINES.has(this.#library.get(callee.name) ?? '');
    if (callee.type !== 'MemberExpression' || callee.computed || callee.property.type !== 'Identifier')
      return false;
    const { object, property } = callee;
    if (object.type === 'CallExpression') return CHAINED.has(property.name) && this.#isWalker(object);
    const isType = object.type === 'Identifier' && this.#library.get(object.name) === 'Type';
    // Values of an enumeration are handed to walkers as they are.
    return isType && TYPE.test(property.name) && (property.name !== 'Enum' || given.every(isFlat));
  }

  /** `walker(…)`, with or without a chain. */
  #isWalker(call: CallExpression): boolean {
    const { callee } = call;
    const isFirst = callee.type === 'Identifier' && this.#library.get(callee.name) === 'walker';
    return (
      this.#isLibraryCall(call) &&
      (isFirst || (callee.type === 'MemberExpression' && callee.object.type === 'CallExpression'))
    );
  }

  /** It assigns to nothing at the top, nor to members of that, and touches objects there only to give them to the library. */
  #leavesAlone(statement: Statement): boolean {
    if (statement.type === 'ImportDeclaration') return true;
    const waiting: { readonly node: AnyNode; readonly isInside: boolean }[] = [];
    const declaration = statement.type === 'ExportNamedDeclaration' ? statement.declaration : undefined;
    if (statement.type === 'ExportNamedDeclaration' && !this.#exportsNone(statement)) return false;
    waiting.push({ node: declaration ?? statement, isInside: false });
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const { node } = next;
      const isInside = next.isInside || isFunction(node);
      if (isInside && node.type === 'Identifier' && this.#literals.has(node.name)) return false;
      if (assignedIn(node).some((name) => this.#tops.has(name))) return false;
      if (!isInside && node.type === 'VariableDeclaration' && this.#givesAway(node)) return false;
      for (const child of childrenOf(node)) waiting.push({ node: child, isInside });
    }
    return true;
  }

  /** `const other = object`: another name for an object. */
  #givesAway({ declarations }: AnyNode & { type: 'VariableDeclaration' }): boolean {
    return declarations.some(({ init }) => init != null && this.#holds(init));
  }

  /** Whether somebody who has the value has one of the objects, too. */
  #holds(value: Expression): boolean {
    if (value.type === 'Identifier') return this.#literals.has(value.name);
    if (value.type === 'MemberExpression') return value.object.type !== 'Super' && this.#holds(value.object);
    return false;
  }

  #exportsNone(statement: Statement & { type: 'ExportNamedDeclaration' }): boolean {
    if (statement.source) return true;
    const { declaration, specifiers } = statement;
    const isExported = (name: string) => this.#literals.has(name);
    if (specifiers.some(({ local }) => local.type === 'Identifier' && isExported(local.name))) return false;
    if (declaration?.type !== 'VariableDeclaration') return true;
    return !declaration.declarations.some(({ id }) => id.type === 'Identifier' && isExported(id.name));
  }
}

function isLiteralObject({ type }: Expression): boolean {
  return type === 'ObjectExpression' || type === 'ArrayExpression';
}

function isFunction({ type }: AnyNode): boolean {
  return (
    type === 'FunctionDeclaration' || type === 'FunctionExpression' || type === 'ArrowFunctionExpression'
  );
}

/** Whether there is nothing in it that could be changed. */
function isFlat(node: AnyNode): boolean {
  if (node.type === 'ArrayExpression') return node.elements.every((element) => element?.type === 'Literal');
  return (
    node.type === 'ObjectExpression' &&
    node.properties.every((property) => property.type === 'Property' && property.value.type === 'Literal')
  );
}

/** The variables that an expression or loop assigns to. */
function assignedIn(node: AnyNode): string[] {
  switch (node.type) {
    case 'AssignmentExpression':
      return namesIn(node.left);
    case 'UpdateExpression':
      return namesIn(node.argument);
    case 'ForInStatement':
    case 'ForOfStatement':
      return namesIn(node.left);
    default:
      return [];
  }
}

/** All names in a target: of variables, of objects whose member it is, and those in default values. */
function namesIn(pattern: AnyNode): string[] {
  const own = pattern.type === 'Identifier' ? [pattern.name] : [];
  return [...own, ...childrenOf(pattern).flatMap(namesIn)];
}
