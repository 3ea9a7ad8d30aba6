/**
 * JSON that already is text. What arrived as text and did not change is stored and sent as that text: parsing
 * and writing a large value again costs more than everything else the hub does with it.
 */
export class JsonText {
  readonly text: string;
  /** @param text valid JSON; it is not checked again. */
  constructor(text: string) {
    this.text = text;
  }
  /** So that a value holding one still serializes to what it stands for. */
  toJSON(): unknown {
    return JSON.parse(this.text);
  }
}

/** The JSON text of a value, or the text it already has. */
export function toJsonText(value: unknown): string {
  return value instanceof JsonText ? value.text : JSON.stringify(value);
}
