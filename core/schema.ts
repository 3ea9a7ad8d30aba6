/** One schema is the type, the validator and the documentation of a value: TypeBox describes, Ajv checks. */
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import type { Static, TSchema } from 'typebox';
import { isRecord } from './codec.ts';

/** One thing a validator found. */
export type { ErrorObject } from 'ajv';

export type Validator<S extends TSchema> = ValidateFunction<Static<S>>;

const shared = new Ajv({
  useDefaults: true,
  allowUnionTypes: true,
  strictTypes: false,
  strictTuples: false,
  verbose: true,
});

/**
 * Compiles a schema. Validation fills in defaults and changes nothing else.
 * @throws Error when it is not a valid JSON schema.
 */
export function compile<S extends TSchema>(schema: S): Validator<S> {
  return shared.compile<Static<S>>(schema);
}

/** What a failed validation is about, for people: `/cells/3/id must be integer, found "x"`. */
export function explain(errors: readonly ErrorObject[] | null | undefined): string {
  const all = errors ?? [];
  // Of a choice of constants, each was tried; one sentence says it.
  const choices = all.filter((error) => constants(error) !== undefined);
  const isTold = (error: ErrorObject) =>
    error.keyword === 'const' && choices.some(({ instancePath }) => instancePath === error.instancePath);
  return all
    .filter((error) => !isTold(error))
    .map(explainOne)
    .join('; ');
}

function explainOne(error: ErrorObject): string {
  const where = error.instancePath === '' ? 'it' : error.instancePath;
  const allowed: unknown = error.params.allowedValues ?? constants(error);
  if (error.parentSchema?.writeOnly === true) return `${where} ${error.message}`;
  if (Array.isArray(allowed))
    return `${where} must be one of ${allowed.map(brief).join(', ')}, found ${brief(error.data)}`;
  if (error.keyword === 'const') return `${where} must be ${brief(error.schema)}, found ${brief(error.data)}`;
  if (error.keyword === 'additionalProperties') {
    const known = Object.keys(error.parentSchema?.properties ?? {});
    return `${where} has an unknown property "${error.params.additionalProperty}", allowed are ${known.join(', ')}`;
  }
  if (error.keyword === 'required') return `${where} ${error.message}`;
  return `${where} ${error.message}, found ${brief(error.data)}`;
}

/** The values of a schema that is a choice of constants; undefined for every other. */
function constants({ keyword, schema }: ErrorObject): readonly unknown[] | undefined {
  if (keyword !== 'anyOf' || !Array.isArray(schema)) return undefined;
  return schema.every((one) => isRecord(one) && 'const' in one) ? schema.map((one) => one.const) : undefined;
}

/** A value as JSON, cut to 60 characters. */
function brief(value: unknown): string {
  if (Array.isArray(value)) return `an array of ${value.length}`;
  // What has no JSON comes from a configuration in code.
  if (!['object', 'string', 'number', 'boolean'].includes(typeof value)) return `a ${typeof value}`;
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
