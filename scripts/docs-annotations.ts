import { ANNOTATIONS } from '../src/core/annotations.ts';
import type { AnnotationRow } from '../src/core/annotations.ts';
import { REASONS } from '../src/core/decision.ts';
import { PROBLEM_CODES } from '../src/core/problem.ts';
import { DEFAULTS } from '../src/config/defaults.ts';
import { blocks, code, generatedFrom, table } from './docs-markdown.ts';

/** What podscrape writes under its own prefix. */
export const WRITTEN: Readonly<Record<string, string>> = {
  status:
    'A JSON record of what was decided and added: outcome, reason, profiles, problems, the version and the hash of the configuration.',
  hoisted: 'On a workload: the keys and values that were copied from its own metadata into its pod template.',
  mapping: 'The exporter’s mapping, from where a downwardAPI volume hands it to the exporter as a file.',
};

const PREFIX = DEFAULTS.annotationPrefix;

/** The text of docs/annotations.md. */
export function annotationsPage(): string {
  const rows: readonly (readonly [string, AnnotationRow<unknown>])[] = Object.entries(ANNOTATIONS);
  const on = (...places: readonly AnnotationRow<unknown>['on'][]): string =>
    settable(rows.filter(([, row]) => places.includes(row.on)));
  return blocks(
    generatedFrom('src/core/annotations.ts, src/core/decision.ts and src/core/problem.ts'),
    '# Annotations',
    `Every key stands under ${code(PREFIX)} unless the configuration sets another ${code('annotationPrefix')}.`,
    '## On Pods and workloads',
    'As annotations or, where the value may be a label’s, as labels: on a Pod, on a pod template, or on the workload itself. What a Pod says as an annotation wins over what it says as a label.',
    on('pod', 'both'),
    '## On namespaces',
    `The keys that switch and select, ${code(`${PREFIX}/inject`)} and ${code(`${PREFIX}/mode`)}, are labels there: webhook configurations and policies select on labels.`,
    on('namespace', 'both'),
    '## Written by podscrape',
    'Never read as a request.',
    table(
      ['key', 'holds'],
      Object.entries(WRITTEN).map(([name, holds]) => [key(name), holds]),
    ),
    '## Reasons',
    'Why an object got its outcome, in one word that logs, metrics and the status record share.',
    table(
      ['reason', 'means'],
      Object.entries(REASONS).map(([word, means]) => [code(word), means]),
    ),
    '## Kinds of problems',
    'An error stops the injection of the object, a warning does not. Neither stops the object.',
    table(
      ['code', 'severity'],
      Object.entries(PROBLEM_CODES).map(([word, severity]) => [code(word), severity]),
    ),
  );
}

function settable(rows: readonly (readonly [string, AnnotationRow<unknown>])[]): string {
  return table(
    ['key', 'says', 'allowed', 'default'],
    rows.map(([name, row]) => [key(name), row.summary, row.allowed, row.default]),
  );
}

function key(name: string): string {
  return code(`${PREFIX}/${name}`);
}
