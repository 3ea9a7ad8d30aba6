/**
 * Makes a module a function of what it imports, which returns what it exports. The function can be called once per run,
 * so every run has variables of its own. Every character of the source stays on its line and in its column.
 */
import type { Identifier, Literal, Pattern, Program } from 'acorn';
import { type Position, sourceError } from './source-error.ts';

interface ImportedName {
  /** `*` asks for nothing in particular. */
  readonly name: string;
  readonly at: Position;
}

export interface Import {
  readonly specifier: string;
  readonly names: readonly ImportedName[];
  readonly at: Position;
}

export interface Rewritten {
  /**
   * A module whose default export is the function. It returns a list: its exports as an object, and all that is to be frozen. It has one line more than the source, at the beginning: compile it
   * with a line offset of -1.
   */
  readonly code: string;
  /** In the order of the function's parameters. */
  readonly imports: readonly Import[];
  /** `*`: all of another file besides. */
  readonly exports: readonly { readonly name: string; readonly allOf?: string }[];
  /** Whether it may be called once for all runs, when all that it returns is frozen. */
  readonly isConstant: boolean;
}

const START: Position = { line: 1, column: 0 };

/** @param constants what a file that is the same in every run has at its top; undefined: it is evaluated for each run. */
export function rewrite(
  path: string,
  source: string,
  program: Program,
  constants: readonly string[] | undefined,
): Rewritten {
  return new Rewriting(path, source).run(program, constants);
}

class Rewriting {
  readonly #path: string;
  readonly #source: string;
  /** Replacements, by position in the source; ascending. */
  readonly #edits: { readonly start: number; readonly end: number; readonly text: string }[] = [];
  readonly #imports: (Import & { readonly parameter: string })[] = [];
  /** Properties of the returned object. */
  readonly #returned: string[] = [];
  readonly #exports: { name: string; allOf?: string }[] = [];
  /** A name that the source does not use. */
  readonly #own: string;

  constructor(path: string, source: string) {
    this.#path = path;
    this.#source = source;
    let own = '$hub';
    while (source.includes(own)) own += '$';
    this.#own = own;
  }

  run(program: Program, constants: readonly string[] | undefined): Rewritten {
    for (const statement of program.body) {
      const at = statement.loc?.start ?? START;
      switch (statement.type) {
        case 'ImportDeclaration': {
          const namespaces: string[] = [];
          const bindings: string[] = [];
          const names: ImportedName[] = [];
          for (const specifier of statement.specifiers) {
            const local = specifier.local.name;
            if (specifier.type === 'ImportNamespaceSpecifier') {
              namespaces.push(local);
              continue;
            }
            const name = specifier.type === 'ImportDefaultSpecifier' ? 'default' : nameOf(specifier.imported);
            names.push({ name, at: specifier.loc?.start ?? at });
            bindings.push(`${JSON.stringify(name)}: ${local}`);
          }
          // A namespace import stands alone but for a default one: `import a, * as b`.
          const whole = namespaces[0];
          if (whole !== undefined && bindings.length > 0)
            throw sourceError(this.#path, 'import the namespace in a statement of its own', at);
          this.#import(specifierOf(statement.source), names, at, whole ?? `{ ${bindings} }`);
          this.#blank(statement.start, statement.end);
          break;
        }
        case 'ExportNamedDeclaration': {
          if (statement.declaration) {
            this.#exportDeclared(statement.declaration, at);
            this.#blank(statement.start, statement.declaration.start);
            break;
          }
          const from = statement.source ? specifierOf(statement.source) : undefined;
          const names = statement.specifiers.map(({ local, loc }) => ({
            name: nameOf(local),
            at: loc?.start ?? at,
          }));
          const holder = from === undefined ? undefined : this.#import(from, names, at);
          for (const { local, exported } of statement.specifiers) {
            const value =
              holder === undefined ? nameOf(local) : `${holder}[${JSON.stringify(nameOf(local))}]`;
            this.#export(nameOf(exported), value, at);
          }
          this.#blank(statement.start, statement.end);
          break;
        }
        case 'ExportDefaultDeclaration': {
          const { declaration } = statement;
          const isNamed =
            (declaration.type === 'FunctionDeclaration' || declaration.type === 'ClassDeclaration') &&
            declaration.id !== null;
          const local = isNamed ? (declaration.id?.name ?? '') : this.#own;
          this.#export('default', local, at);
          if (isNamed) this.#blank(statement.start, declaration.start);
          else this.#replace(statement.start, declaration.start, `;const ${this.#own}=`);
          break;
        }
        case 'ExportAllDeclaration': {
          const specifier = specifierOf(statement.source);
          const holder = this.#import(specifier, [], at);
          if (statement.exported) this.#export(nameOf(statement.exported), holder, at);
          else {
            this.#returned.push(`...${holder}`);
            this.#exports.push({ name: '*', allOf: specifier });
          }
          this.#blank(statement.start, statement.end);
          break;
        }
        default:
      }
    }
    const result = `[{ ${this.#returned} }, ${constants ?? []}]`;
    return {
      code: `export default (${this.#imports.map(({ parameter }) => parameter)}) => {\n${this.#edited()}\n;return ${result};};`,
      imports: this.#imports.map(({ specifier, names, at }) => ({ specifier, names, at })),
      exports: this.#exports,
      isConstant: constants !== undefined,
    };
  }

  /** @returns the name of the parameter, when none is given. */
  #import(
    specifier: string,
    names: readonly ImportedName[],
    at: Position,
    parameter = `${this.#own}${this.#imports.length}`,
  ): string {
    this.#imports.push({ specifier, names, at, parameter });
    return parameter;
  }

  #export(name: string, value: string, at: Position): void {
    if (name === '__proto__') throw sourceError(this.#path, 'an export cannot be called __proto__', at);
    this.#exports.push({ name });
    this.#returned.push(`${JSON.stringify(name)}: ${value}`);
  }

  #exportDeclared(declaration: DeclarationOf, at: Position): void {
    if (declaration.type !== 'VariableDeclaration') {
      this.#export(declaration.id.name, declaration.id.name, at);
      return;
    }
    if (declaration.kind !== 'const')
      throw sourceError(
        this.#path,
        `export ${declaration.kind} is not available: other files would see its first value for ever; use const`,
        at,
      );
    for (const { id } of declaration.declarations) {
      for (const name of boundNames(id)) this.#export(name, name, at);
    }
  }

  /** Spaces instead of a part of the source; a semicolon first, so that what was apart stays apart. */
  #blank(start: number, end: number): void {
    this.#replace(start, end, ';');
  }

  /** Keeps length and line breaks. */
  #replace(start: number, end: number, text: string): void {
    const rest = this.#source.slice(start + text.length, end).replace(/[^\n\r\u2028\u2029]/g, ' ');
    this.#edits.push({ start, end, text: text + rest });
  }

  #edited(): string {
    let result = '';
    let at = 0;
    for (const { start, end, text } of this.#edits) {
      result += this.#source.slice(at, start) + text;
      at = end;
    }
    return result + this.#source.slice(at);
  }
}

type DeclarationOf = NonNullable<
  Extract<Program['body'][number], { type: 'ExportNamedDeclaration' }>['declaration']
>;

function specifierOf(source: Literal): string {
  return String(source.value);
}

function nameOf(name: Identifier | Literal): string {
  return name.type === 'Identifier' ? name.name : String(name.value);
}

/** The variables that a declaration's pattern makes. */
function boundNames(pattern: Pattern): string[] {
  switch (pattern.type) {
    case 'Identifier':
      return [pattern.name];
    case 'ObjectPattern':
      return pattern.properties.flatMap((property) =>
        boundNames(property.type === 'RestElement' ? property.argument : property.value),
      );
    case 'ArrayPattern':
      return pattern.elements.flatMap((element) => (element === null ? [] : boundNames(element)));
    case 'AssignmentPattern':
      return boundNames(pattern.left);
    case 'RestElement':
      return boundNames(pattern.argument);
    default:
      return [];
  }
}
