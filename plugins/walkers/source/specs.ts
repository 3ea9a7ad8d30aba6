/** A walker's specs, as they are written in `walker({ specs })`. */
import { compile, explain, type Static, Type } from '../../../core/index.ts';
import { LimitsSchema } from '../runtime/limits.ts';

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
export type Specs = Static<typeof SpecsSchema>;

const isSpecs = compile(SpecsSchema);

/** @returns the completed specs, or what is wrong with them. */
export function readSpecs(specs: unknown): { readonly specs: Specs } | { readonly problem: string } {
  return isSpecs(specs) ? { specs } : { problem: explain(isSpecs.errors) };
}
