import { Ajv } from 'ajv';
import type { ErrorObject } from 'ajv';

import { didYouMean } from '../core/problem.ts';
import type { Finding } from './finding.ts';
import { either, shown } from './finding.ts';
import type { Path } from '../core/positions.ts';
import { EXPECTED, NEVER } from './schema-parts.ts';
import { ConfigFile } from './schema.ts';

const ajv = new Ajv({ allErrors: true, verbose: true, strict: true, allowUnionTypes: true });
ajv.addVocabulary([EXPECTED, NEVER]);
const validator = ajv.compile(ConfigFile);

/** What the schema has against the data: everything, in no particular order; empty when it conforms. */
export function validate(data: unknown): Finding[] {
  if (validator(data)) return [];
  return (validator.errors ?? []).map(finding);
}

type Schema = Readonly<Record<string, unknown>>;

function finding(error: ErrorObject): Finding {
  const path = pointer(error.instancePath);
  const schema = (error.parentSchema ?? {}) as Schema;
  const params = error.params as Schema;
  if (error.keyword === 'additionalProperties')
    return unknownKey(path, String(params['additionalProperty']), schema);
  if (error.keyword === 'required') return missingKey(path, String(params['missingProperty']), schema);
  return {
    path,
    of: 'value',
    ...wrongValue(error.keyword, error.data, schema, error.message ?? error.keyword),
  };
}

function unknownKey(path: Path, key: string, schema: Schema): Finding {
  const never = (schema[NEVER] ?? {}) as Readonly<Record<string, string>>;
  const reason = Object.hasOwn(never, key) ? never[key] : undefined;
  if (reason !== undefined)
    return { path: [...path, key], of: 'key', message: `is never configurable: ${reason}` };
  const known = Object.keys(schema['properties'] ?? {});
  const near = didYouMean(key, known);
  const message = near.hint === undefined ? `unknown key; known are ${known.join(', ')}` : 'unknown key';
  return { path: [...path, key], of: 'key', message, ...near };
}

function missingKey(path: Path, key: string, schema: Schema): Finding {
  const properties = (schema['properties'] ?? {}) as Readonly<Record<string, Schema>>;
  return { path, of: 'value', message: `${key} is missing (${wanted(properties[key] ?? {})})` };
}

/** What a schema admits, in a few words. */
function wanted(schema: Schema): string {
  if (Array.isArray(schema['enum'])) return either(schema['enum'].map(String));
  const expected = schema[EXPECTED];
  return typeof expected === 'string' ? expected : typeText(schema);
}

function typeText({ type }: Schema): string {
  return TYPES[String(type)] ?? String(type);
}

/** One row a keyword of the schema; a keyword without a row is told in ajv's words. */
function wrongValue(
  keyword: string,
  value: unknown,
  schema: Schema,
  otherwise: string,
): { message: string; hint?: string } {
  switch (keyword) {
    case 'type':
      return wrongType(value, schema);
    case 'enum': {
      const allowed = (schema['enum'] as string[]).map(String);
      const near = typeof value === 'string' ? didYouMean(value, allowed) : unquoted(value, allowed);
      return { message: `${shown(value)} is not allowed, only ${either(allowed)}`, ...near };
    }
    case 'pattern':
      return {
        message: `${shown(value)} is no ${typeof schema[EXPECTED] === 'string' ? schema[EXPECTED] : otherwise}`,
      };
    case 'minimum':
    case 'maximum':
      return { message: `${shown(value)} is out of range; ${range(schema)}` };
    case 'minLength':
    case 'minItems':
      return { message: 'is empty' };
    case 'maxLength':
      return {
        message: `has ${String((value as string).length)} characters; at most ${String(schema['maxLength'])} are allowed`,
      };
    default:
      return { message: otherwise };
  }
}

function wrongType(value: unknown, schema: Schema): { message: string; hint?: string } {
  const type = String(schema['type']);
  if (!(type in TYPES)) return { message: `is ${kindOf(value)} and no ${wanted(schema)}` };
  const bounds = type === 'integer' || type === 'number' ? `, ${range(schema)}` : '';
  const message = `is ${kindOf(value)}; ${typeText(schema)} is wanted${bounds}`;
  // YAML 1.1 habits, and quotes that make a string of what would be right without them.
  if (type === 'boolean' && typeof value === 'string') {
    const spelling = YAML_1_1[value.toLowerCase()];
    if (spelling !== undefined) return { message, hint: `did you mean ${spelling}?` };
  }
  if ((type === 'integer' || type === 'number') && typeof value === 'string' && /^\d+$/.test(value)) {
    return { message, hint: `did you mean ${value}, without quotes?` };
  }
  if (type === 'string' && (typeof value === 'number' || typeof value === 'boolean')) {
    return { message, hint: `did you mean ${shown(String(value))}, in quotes?` };
  }
  return { message };
}

/** `off` and `on` lose their quotes on the way through tools that read YAML 1.1, and arrive as false and true. */
function unquoted(value: unknown, allowed: readonly string[]): { hint?: string } {
  if (typeof value !== 'boolean') return {};
  const word = value ? 'on' : 'off';
  return allowed.includes(word) ? { hint: `did you mean ${shown(word)}, in quotes?` } : {};
}

const TYPES: Readonly<Record<string, string>> = {
  object: 'a mapping of keys',
  array: 'a list',
  string: 'a string',
  boolean: 'true or false',
  integer: 'a whole number',
  number: 'a number',
};

const YAML_1_1: Readonly<Record<string, string>> = {
  yes: 'true',
  on: 'true',
  y: 'true',
  true: 'true',
  no: 'false',
  off: 'false',
  n: 'false',
  false: 'false',
};

function kindOf(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  // JSON knows no infinity.
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  return typeof value === 'string' ? `the string ${shown(value)}` : shown(value);
}

function range(schema: Schema): string {
  return `${String(schema['minimum'])} to ${String(schema['maximum'])}`;
}

/** The steps of a JSON pointer. */
function pointer(text: string): Path {
  return text
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}
