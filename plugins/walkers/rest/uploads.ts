/** Forms with files. A field gets its file as an object that the walker can read. */
import type { MultipartFile, MultipartValue } from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import { HubError } from '../../../core/index.ts';
import type { Body } from './fields.ts';

/** A file as a walker gets it. */
interface Upload {
  readonly name: string;
  /** Media type, as the client says. */
  readonly type: string;
  /** Of the bytes. */
  readonly size: number;
  /** Base64. */
  readonly bytes: string;
}

/**
 * Reads a form to its end.
 * @param mostBytes of all files together. @param mostText characters of everything else in the form.
 * @throws HubError `message_too_large`; what the parser throws.
 */
export async function formBody(request: FastifyRequest, mostBytes: number, mostText: number): Promise<Body> {
  const length = Number(request.headers['content-length'] ?? 0);
  if (length > mostBytes + mostText) throw tooLarge();
  const values = new Map<string, unknown>();
  let left = mostBytes;
  let textLeft = mostText;
  for await (const part of request.parts()) {
    const value = part.type === 'file' ? await upload(part, left) : textOf(part);
    if (typeof value === 'object') left -= value.size;
    else textLeft -= value.length;
    if (textLeft < 0) throw tooLarge();
    const present = values.get(part.fieldname);
    if (present === undefined) values.set(part.fieldname, value);
    else values.set(part.fieldname, Array.isArray(present) ? [...present, value] : [present, value]);
  }
  return { values: Object.fromEntries(values), isForm: true };
}

async function upload({ file, filename, mimetype }: MultipartFile, left: number): Promise<Upload> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of file) {
    size += chunk.length;
    if (size > left || file.truncated) throw tooLarge();
    chunks.push(chunk);
  }
  if (file.truncated) throw tooLarge();
  return { name: filename, type: mimetype, size, bytes: Buffer.concat(chunks).toString('base64') };
}

function textOf({ value, valueTruncated }: MultipartValue): string {
  if (valueTruncated) throw tooLarge();
  // A part with the type of JSON is parsed already.
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function tooLarge(): HubError {
  return new HubError('message_too_large', 'the upload is larger than is allowed');
}
