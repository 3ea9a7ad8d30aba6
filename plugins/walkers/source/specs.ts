/** A walker's specs, as they are written in `walker({ specs })`. */
import { compile, explain, type Static, Type } from '../../../core/index.ts';
import { LimitsSchema } from '../runtime/limits.ts';
import { readSchedule, type Schedule } from './schedule.ts';

const FieldNames = Type.Union([Type.Literal('*'), Type.Array(Type.String())]);

const SpecsSchema = Type.Object(
  {
    methods: Type.Array(
      Type.Enum(['get', 'post', 'put', 'patch', 'delete', 'head', 'options', 'websocket']),
      { default: ['post'], uniqueItems: true },
    ),
    auth: Type.Boolean({ default: true }),
    path: Type.String({ default: '', maxLength: 200 }),
    as_query: Type.Unsafe<Static<typeof FieldNames>>({ ...FieldNames, default: [] }),
    excluded: Type.Unsafe<Static<typeof FieldNames>>({ ...FieldNames, default: [] }),
    entry_type: Type.Enum(['ROOT', 'NODE', 'BOTH'], { default: 'BOTH' }),
    private: Type.Boolean({ default: false }),
    webhook: Type.Optional(
      Type.Object(
        {
          type: Type.Enum(['header', 'query', 'path', 'body']),
          name: Type.String({ minLength: 1, maxLength: 100 }),
        },
        { additionalProperties: false },
      ),
    ),
    schedule: Type.Optional(Type.Object({ trigger: Type.Enum(['cron', 'interval', 'date']) })),
    // A name, a family such as `a.*`, or `*`.
    on: Type.Array(Type.String({ maxLength: 200, pattern: '^(\\*|[\\w-]+(\\.[\\w-]+){0,9}(\\.\\*)?)$' }), {
      default: [],
      maxItems: 100,
    }),
    runs_for: Type.Array(Type.Enum(['public', 'users']), {
      default: ['public'],
      minItems: 1,
      uniqueItems: true,
    }),
    grants: Type.Array(Type.String(), { default: [], maxItems: 100 }),
    async: Type.Boolean({ default: false }),
    limits: Type.Unsafe<Static<typeof LimitsSchema>>({ ...LimitsSchema, default: {} }),
    status_code: Type.Integer({ default: 200, minimum: 100, maximum: 599 }),
    summary: Type.Optional(Type.String()),
    description: Type.Optional(Type.String()),
    tags: Type.Array(Type.String(), { default: [] }),
    deprecated: Type.Boolean({ default: false }),
  },
  { additionalProperties: false },
);

/** Complete: what was left out has its default. */
export type Specs = Omit<Static<typeof SpecsSchema>, 'schedule'> & { readonly schedule?: Schedule };

const isSpecs = compile(SpecsSchema);

export type KnownNames = Pick<ReadonlyMap<string, unknown>, 'has' | 'keys'>;

/**
 * @param grants those that plugins offer.
 * @returns the completed specs, or what is wrong with them.
 */
export function readSpecs(
  specs: unknown,
  grants: KnownNames = new Map(),
): { readonly specs: Specs } | { readonly problem: string } {
  if (!isSpecs(specs)) return { problem: explain(isSpecs.errors) };
  const missing = specs.grants.find((name) => !grants.has(name));
  if (missing !== undefined) {
    const offered = [...grants.keys()].join(', ') || 'nothing';
    return { problem: `grants: no plugin offers ${missing}; offered: ${offered}` };
  }
  const { schedule: given, ...rest } = specs;
  if (given === undefined) return { specs: rest };
  const read = readSchedule(given);
  if ('problem' in read) return { problem: `schedule: ${read.problem}` };
  return { specs: { ...rest, schedule: read.schedule } };
}
