import { EXPECTED, NEVER } from '../src/config/schema-parts.ts';

/** JSON Schema draft 7, as far as the chart's uses it. */
export interface Draft7 {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Draft7>>;
  readonly [keyword: string]: unknown;
}

/** Keywords of our own, and ajv's. */
const OWN = [EXPECTED, NEVER, 'nullable', 'default', 'examples'];

/**
 * A schema of ours as draft 7, which Helm and editors understand. `nullable` becomes a type, what only our own messages
 * need goes, and patterns name control characters by themselves: Go has no `\u0000` in its expressions, and JavaScript
 * no `\x{0000}`.
 */
export function draft7(schema: object): Draft7 {
  // The way through JSON leaves typebox's own marks behind.
  return convert(JSON.parse(JSON.stringify(schema)) as Draft7);
}

function convert(schema: Draft7): Draft7 {
  const kept = Object.entries(schema).filter(([keyword]) => !OWN.includes(keyword));
  const made = Object.fromEntries(kept.map(([keyword, value]) => [keyword, inner(keyword, value)])) as Draft7;
  return schema['nullable'] === true ? nullable(made) : made;
}

function inner(keyword: string, value: unknown): unknown {
  if (keyword === 'pattern') return readable(String(value));
  if (keyword === 'properties' || keyword === 'patternProperties') {
    const entries = Object.entries(value as Readonly<Record<string, Draft7>>);
    return Object.fromEntries(entries.map(([name, schema]) => [name, convert(schema)]));
  }
  const isSchema = typeof value === 'object' && value !== null && !Array.isArray(value);
  return (keyword === 'items' || keyword === 'additionalProperties') && isSchema
    ? convert(value as Draft7)
    : value;
}

function nullable(schema: Draft7): Draft7 {
  if (schema.enum !== undefined) return { ...schema, enum: [...schema.enum, null] };
  return { ...schema, type: [...[schema.type ?? []].flat(), 'null'] };
}

function readable(pattern: string): string {
  return pattern.replace(/\\u([0-9a-f]{4})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
