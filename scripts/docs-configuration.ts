import { stringify } from 'yaml';

import { RESTART_KEYS, WEBHOOK_CONFIG_KEYS } from '../src/config/changes.ts';
import { EXPECTED } from '../src/config/schema-parts.ts';
import { ConfigFile } from '../src/config/schema.ts';
import { blocks, code, codes, generatedFrom, table } from './docs-markdown.ts';

/** JSON Schema, as far as the configuration's uses it. */
interface Schema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly nullable?: boolean;
  readonly [EXPECTED]?: string;
}

// The way through JSON leaves the schema's own types behind.
const KEYS = Object.entries((JSON.parse(JSON.stringify(ConfigFile)) as Schema).properties ?? {});

/** The text of docs/configuration.md. */
export function configurationPage(): string {
  return blocks(
    generatedFrom('src/config/schema*.ts'),
    '# Configuration',
    `One YAML file, given with ${code('--config FILE')}. Every key is optional, and without a file every default holds. A key that is not listed here, or a wrong value, is an error that names its line.`,
    'Check a file before it is rolled out:',
    fence('sh', 'podscrape config check podscrape.yaml'),
    `The webhook looks at the file every two seconds and takes a changed one without a restart, also through a ConfigMap mount. A file that is wrong or gone leaves in force what was, and the log says what is wrong. Only after a restart takes effect: ${codes(RESTART_KEYS)}. After a change of one of these, apply the output of ${code('podscrape webhook-config')} again: ${codes(WEBHOOK_CONFIG_KEYS)}.`,
    ...KEYS.flatMap(([name, schema]) => section(name, schema)),
    '## A whole file',
    'Every key, each with the example from above:',
    fence('yaml', wholeFile()),
  );
}

/** A file that sets every key, with what the key means above it. */
export function wholeFile(): string {
  return KEYS.map(([name, schema]) => `${comment(schema.description ?? '')}${example(name, schema)}`).join(
    '\n',
  );
}

function section(name: string, schema: Schema): string[] {
  const nested = children(schema, '');
  return [
    `## ${code(name)}`,
    schema.description ?? '',
    [`- value: ${valueText(schema)}`, `- default: ${defaultText(schema)}`].join('\n'),
    ...(nested.length > 0 ? [table(['key', 'value', 'default', 'meaning'], nested)] : []),
    fence('yaml', example(name, schema)),
  ];
}

/**
 * A row for each key below a schema, at every depth. `[]` stands for each entry of a list, `NAME` for any key. What says
 * its own keys in words has none.
 */
function children(schema: Schema, path: string): string[][] {
  if (schema[EXPECTED] !== undefined) return [];
  if (schema.items !== undefined) return children(schema.items, `${path}[]`);
  const any = Object.values(schema.patternProperties ?? {});
  if (any.length > 0) return any.flatMap((inner) => children(inner, join(path, 'NAME')));
  return Object.entries(schema.properties ?? {}).flatMap(([name, inner]) => {
    const place = join(path, name);
    const absent = schema.required?.includes(name) === true ? 'required' : defaultText(inner);
    return [[code(place), valueText(inner), absent, inner.description ?? ''], ...children(inner, place)];
  });
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

/** What may stand there, in words. */
function valueText(schema: Schema): string {
  return schema.nullable === true ? `${ownValueText(schema)}, or ${code('null')}` : ownValueText(schema);
}

function ownValueText(schema: Schema): string {
  if (schema.enum !== undefined) return codes(schema.enum);
  if (schema[EXPECTED] !== undefined) return schema[EXPECTED];
  if (schema.items !== undefined) return `list: ${valueText(schema.items)}`;
  if (schema.patternProperties !== undefined)
    return `mapping from any key: ${Object.values(schema.patternProperties).map(valueText).join(', ')}`;
  const type = String(schema.type);
  const bounds = schema.minimum === undefined ? '' : `, ${schema.minimum} to ${schema.maximum ?? 'any'}`;
  return `${TYPES[type] ?? type}${bounds}`;
}

const TYPES: Readonly<Record<string, string>> = {
  object: 'mapping',
  string: 'text',
  boolean: '`true`, `false`',
  integer: 'whole number',
};

/** A mapping's keys have defaults of their own; one that can be taken out is there only where somebody wrote it. */
function defaultText(schema: Schema): string {
  const { default: value } = schema;
  if (value !== undefined) return code(typeof value === 'string' ? value : JSON.stringify(value));
  if (schema.nullable === true) return '–';
  return hasDefaults(schema) ? 'those of its keys' : '–';
}

function hasDefaults({ default: value, properties = {} }: Schema): boolean {
  return value !== undefined || Object.values(properties).some(hasDefaults);
}

function example(name: string, { examples }: Schema): string {
  return stringify({ [name]: examples?.[0] }, { compat: 'yaml-1.1', lineWidth: 0 });
}

/** Wrapped at 100 columns. */
function comment(text: string): string {
  const lines = text.match(/.{1,98}(?: |$)/g) ?? [];
  return lines.map((line) => `# ${line.trim()}\n`).join('');
}

function fence(language: string, text: string): string {
  return `\`\`\`${language}\n${text.trimEnd()}\n\`\`\``;
}
