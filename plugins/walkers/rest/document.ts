/** Walkers in the OpenAPI document. */
import type { DocumentPaths } from '../../../core/index.ts';
import type { LoadedWalker } from '../runtime/library.ts';
import { isFile, isInQuery, isRecord, propertiesOf } from './fields.ts';
import { boundField, templateOf } from './match.ts';

const Detail = {
  type: 'object',
  properties: {
    detail: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          loc: { type: 'array', items: { type: ['string', 'integer'] } },
          msg: { type: 'string' },
          type: { type: 'string' },
        },
      },
    },
  },
};
const Reports = {
  type: 'object',
  properties: { status: { type: 'integer' }, reports: { type: 'array', items: {} } },
};
const Begun = { type: 'object', properties: { status: { type: 'integer' }, walker_id: { type: 'string' } } };
const NODE = {
  name: 'node',
  in: 'path',
  required: true,
  schema: { type: 'string' },
  description: 'Id of the node it starts on.',
};

/** A file as it is sent in a form; in JSON it is an object with its content in base64. */
const FormFile = { type: 'string', format: 'binary' };

const json = (schema: unknown) => ({ 'application/json': { schema } });

/** The paths of those walkers that HTTP serves. */
export function documentPaths(walkers: readonly LoadedWalker[]): DocumentPaths {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const walker of walkers) {
    const { specs, name } = walker;
    const methods = specs.methods.filter((method) => method !== 'websocket');
    if (specs.private || methods.length === 0) continue;
    const { prefix, end } = placeOf(walker);
    const operations = (extra: readonly unknown[]) =>
      Object.fromEntries(methods.map((method) => [method, operation(walker, method, extra)]));
    const start = `${prefix}/${name}`;
    if (specs.entry_type !== 'NODE') paths[start + end] = operations([]);
    if (specs.entry_type !== 'ROOT') paths[`${start}/{node}${end}`] = operations([NODE]);
  }
  return paths;
}

/** Where a webhook expects its key in the path, that comes last. */
export function webhookTemplate({ specs }: LoadedWalker): readonly string[] {
  const template = templateOf(specs.path);
  const { webhook } = specs;
  if (webhook?.type !== 'path') return template;
  const key = `{${webhook.name}}`;
  return template.includes(key) ? template : [...template, key];
}

function placeOf(walker: LoadedWalker): { readonly prefix: string; readonly end: string } {
  const { webhook, path } = walker.specs;
  const template = webhook === undefined ? templateOf(path) : webhookTemplate(walker);
  return {
    prefix: webhook === undefined ? '/walker' : '/webhook/walker',
    end: template.map((segment) => `/${segment}`).join(''),
  };
}

interface BodySchema {
  readonly type: 'object';
  readonly properties: Readonly<Record<string, unknown>>;
  readonly required?: readonly string[];
}

/** The body as JSON and as a form: the form first where there are files, since pages of the document show that one. */
function contentOf(body: BodySchema): unknown {
  const entries = Object.entries(body.properties).map(([name, schema]) => [name, inForm(schema)] as const);
  const form = { 'multipart/form-data': { schema: { ...body, properties: Object.fromEntries(entries) } } };
  const hasFiles = entries.some(([name, schema]) => schema !== body.properties[name]);
  return hasFiles ? { ...form, ...json(body) } : { ...json(body), ...form };
}

/** The schema of a field in a form: the same, unless it is a file or a list of files. */
function inForm(schema: unknown): unknown {
  if (isFile(schema)) return FormFile;
  return isRecord(schema) && isFile(schema.items) ? { ...schema, items: FormFile } : schema;
}

function operation(walker: LoadedWalker, method: string, extra: readonly unknown[]): unknown {
  const { specs, has } = walker;
  const { excluded, webhook } = specs;
  const bound = webhookTemplate(walker).map(boundField);
  const required = Array.isArray(has.required) ? has.required : [];
  const parameters: unknown[] = [...extra];
  const body: Record<string, unknown> = {};
  for (const name of bound) {
    if (name === undefined) continue;
    const schema = propertiesOf(has)[name] ?? { type: 'string' };
    parameters.push({ name, in: 'path', required: true, schema });
  }
  if (webhook !== undefined && (webhook.type === 'header' || webhook.type === 'query')) {
    const { type, name } = webhook;
    const description = 'The API key.';
    parameters.push({ name, in: type, required: true, schema: { type: 'string' }, description });
  }
  if (webhook?.type === 'body') body[webhook.name] = { type: 'string', description: 'The API key.' };
  for (const [name, schema] of Object.entries(propertiesOf(has))) {
    if (bound.includes(name) || excluded === '*' || excluded.includes(name)) continue;
    if (isInQuery(walker, method.toUpperCase(), name)) {
      parameters.push({ name, in: 'query', required: required.includes(name), schema });
    } else body[name] = schema;
  }
  const names = Object.keys(body);
  const needed = required.filter((name) => names.includes(name));
  const content: BodySchema = {
    type: 'object',
    properties: body,
    ...(needed.length > 0 && { required: needed }),
  };
  const { summary, description, tags, deprecated, auth, status_code: status } = specs;
  return {
    tags: tags.length > 0 ? tags : ['walker'],
    ...(summary !== undefined && { summary }),
    ...(description !== undefined && { description }),
    ...(deprecated && { deprecated }),
    ...(parameters.length > 0 && { parameters }),
    ...(names.length > 0 && {
      requestBody: {
        required: needed.length > 0,
        content: contentOf(content),
      },
    }),
    responses: {
      [specs.async ? 200 : status]: {
        description: specs.async ? 'It has begun.' : 'What the walker reported.',
        content: json(specs.async ? Begun : Reports),
      },
      ...((auth || webhook !== undefined) && { 401: { description: 'Not authenticated.' } }),
      403: { description: 'No access to the node.' },
      422: { description: 'Fields are missing or wrong.', content: json(Detail) },
      503: { description: 'Too many runs are waiting.' },
    },
  };
}
