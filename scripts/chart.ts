import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { parse } from 'yaml';

import { RESTART_KEYS } from '../src/config/changes.ts';
import { DEFAULTS, ENTRY_DEFAULTS } from '../src/config/defaults.ts';
import { ConfigFile } from '../src/config/schema.ts';
import { SYSTEM_NAMESPACES } from '../src/core/engine-config.ts';
import { NEVER_SENT } from '../src/core/match-conditions.ts';
import {
  VALIDATING_WEBHOOK_CONFIGURATION_NAME,
  WEBHOOK_CONFIGURATION_NAME,
} from '../src/core/webhook-configuration.ts';
import { WORKLOAD_KINDS } from '../src/core/workload-kinds.ts';
import { draft7 } from './chart-schema.ts';
import type { Draft7 } from './chart-schema.ts';
import { ChartValues, END_SECONDS } from './chart-values.ts';
import { blocks, code, codes, generatedFrom, table } from './docs-markdown.ts';

const CHART = join(import.meta.dirname, '../charts/podscrape');

/** Values of the chart: its own, and the configuration file under `config`. */
function valuesSchema(): Draft7 {
  const own = draft7(ChartValues);
  const config = draft7(ConfigFile);
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Values of the chart podscrape',
    ...own,
    properties: {
      config: { ...config, description: 'podscrape’s configuration file: docs/configuration.md.' },
      ...own.properties,
      // Both are for a chart that has this one among its dependencies.
      enabled: { type: 'boolean', description: 'Of the parent chart, as a condition; not read.' },
      global: { type: 'object', description: 'Of the parent chart; not read.' },
    },
  };
}

/** The text of values.schema.json. */
export function chartSchema(): string {
  return JSON.stringify(valuesSchema());
}

/**
 * The text of templates/_generated.tpl: the tables and defaults that the templates share with the code, so that
 * neither is written twice.
 */
export function chartTables(): string {
  const tables = {
    names: { mutating: WEBHOOK_CONFIGURATION_NAME, validating: VALIDATING_WEBHOOK_CONFIGURATION_NAME },
    annotationPrefix: DEFAULTS.annotationPrefix,
    optIn: DEFAULTS.optIn,
    workloads: DEFAULTS.workloads,
    drainSeconds: DEFAULTS.server.drainSeconds,
    endSeconds: END_SECONDS,
    restartKeys: RESTART_KEYS,
    required: required(draft7(ChartValues), chartDefaults(), ''),
    policyMode: ENTRY_DEFAULTS.policy.mode,
    systemNamespaces: SYSTEM_NAMESPACES,
    workloadKind: ENTRY_DEFAULTS.workloadKind,
    workloadKinds: WORKLOAD_KINDS.map(({ group, version, resource, template, metadata }) => ({
      group,
      version,
      resource,
      template,
      metadata,
    })),
    neverSent: NEVER_SENT,
  };
  return [
    '{{/* Written by npm run docs from the tables in src/; edit those. */}}',
    '{{- define "podscrape.generated" -}}',
    JSON.stringify(tables, null, 2),
    '{{- end -}}',
    '',
  ].join('\n');
}

function chartDefaults(): Readonly<Record<string, unknown>> {
  return parse(readFileSync(join(CHART, 'values.yaml'), 'utf8')) as Readonly<Record<string, unknown>>;
}

/** The keys that say something by default: neither maps, lists, '' nor false. */
function required({ properties = {} }: Draft7, values: unknown, path: string): readonly string[] {
  return Object.entries(properties).flatMap(([name, schema]) => {
    const value = (values as Readonly<Record<string, unknown>>)[name];
    if (schema.properties !== undefined) return required(schema, value, `${path}${name}.`);
    return typeof value === 'object' || !value ? [] : [path + name];
  });
}

/** The text of the chart's README. */
export function chartReadme(): string {
  const values = chartDefaults();
  const fence = (text: string, language = 'sh'): string => `\`\`\`${language}\n${text}\n\`\`\``;
  return blocks(
    generatedFrom('scripts/chart.ts, scripts/chart-values.ts and values.yaml'),
    '# Helm chart podscrape',
    'The admission webhook with all that belongs to it: two replicas, certificates, webhook configurations, the rights it needs and no others. Kubernetes 1.30 or later, Helm 3. One release a cluster.',
    fence(
      [
        'helm install podscrape charts/podscrape --namespace podscrape --create-namespace',
        'helm test podscrape --namespace podscrape',
        'kubectl label namespace shop podscrape.dev/inject=enabled',
      ].join('\n'),
    ),
    '## Configuration',
    `What stands under ${code('config')} is the configuration file, verbatim; docs/configuration.md has every key. The chart checks it, and derives the webhook configurations from it. After ${code('helm upgrade')} podscrape reads the new one as soon as the kubelet has brought it, in a minute or so, without a restart.`,
    fence(
      [
        'config:',
        '  optIn: label',
        '  policies:',
        '    - name: production',
        '      namespaceSelector: { matchLabels: { stage: production } }',
        '      mode: enforce',
        '      conventions: { requireRequest: deny }',
        'webhook:',
        '  failurePolicy: Fail',
        'replicas: 3',
      ].join('\n'),
      'yaml',
    ),
    'Helm takes keys out of values that are `null` only where the chart has a default; below `config` there are none, so that `null` means there what docs/configuration.md says. Elsewhere `null` is an empty map, list or text, or false; it is refused where the default is a text, a number or true.',
    '## Certificates',
    table(
      ['`certificates.mode`', 'who makes them', 'who tells the API server'],
      [
        ['`own`', 'podscrape; kept in a Secret, renewed in time', 'podscrape'],
        ['`certManager`', 'cert-manager, from an authority of the chart’s or `issuerRef`', 'its ca-injector'],
        ['`secret`', 'you, in `secretName`; a new pair is taken up without a restart', '`caBundle`'],
      ],
    ),
    '## Uninstalling',
    `${code('helm uninstall')} removes the webhook configurations first, while podscrape still serves, and then all the rest; Pods keep what was injected into them. Whoever renders the chart with ${code('helm template')} and deletes by other means deletes the webhook configurations first: ${codes([WEBHOOK_CONFIGURATION_NAME, VALIDATING_WEBHOOK_CONFIGURATION_NAME])}.`,
    '## Values',
    table(
      ['key', 'value', 'default', 'meaning'],
      [
        ['`config`', 'mapping', '`{}`', 'podscrape’s configuration file.'],
        ...rows(draft7(ChartValues), values, ''),
      ],
    ),
  );
}

/** A row for each key that has no keys of its own in the schema. */
function rows({ properties = {} }: Draft7, values: unknown, path: string): string[][] {
  return Object.entries(properties).flatMap(([name, schema]) => {
    const value = (values as Readonly<Record<string, unknown>> | undefined)?.[name];
    if (schema.properties !== undefined) return rows(schema, value, `${path}${name}.`);
    const shown = value === null || value === undefined ? '–' : code(JSON.stringify(value));
    return [[code(path + name), kind(schema), shown, schema.description ?? '']];
  });
}

function kind(schema: Draft7): string {
  if (schema.enum !== undefined) return codes(schema.enum.map(String));
  const types = [schema.type ?? []].flat().filter((type) => type !== 'null');
  return types.map((type) => WORDS[type] ?? type).join(' or ');
}

const WORDS: Readonly<Record<string, string>> = {
  object: 'mapping',
  array: 'list',
  string: 'text',
  boolean: '`true`, `false`',
  integer: 'whole number',
};
