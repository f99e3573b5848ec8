import { isMap, isScalar, isSeq, visit } from 'yaml';
import type { Node, YAMLSeq } from 'yaml';

import { documentText, yamlDocument, yamlText } from '../../core/yaml-text.ts';
import type { GlobalConfig } from '../scrape-config.ts';
import type { ExplainedJob } from './parts.ts';

/** Where the jobs of a Prometheus object's `additionalScrapeConfigs` are kept. */
export interface SecretPlace {
  readonly name: string;
  readonly namespace: string;
  readonly key: string;
}

/** A whole `prometheus.yml`. */
export function renderPrometheus(
  jobs: readonly ExplainedJob[],
  global: GlobalConfig,
  comments: readonly string[],
): string {
  const document = yamlDocument({ global, scrape_configs: jobs.map(({ config }) => config) });
  explain(document.get('scrape_configs') as YAMLSeq<Node>, jobs);
  return `${commented(comments)}${documentText(document)}`;
}

/** The jobs alone, as a list. */
export function renderJobs(jobs: readonly ExplainedJob[], comments: readonly string[]): string {
  const document = yamlDocument(jobs.map(({ config }) => config));
  explain(document.contents as unknown as YAMLSeq<Node>, jobs);
  return `${commented(comments)}${documentText(document)}`;
}

/** The jobs alone in a Secret. */
export function renderSecret(
  jobs: readonly ExplainedJob[],
  { name, namespace, key }: SecretPlace,
  comments: readonly string[],
): string {
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace },
    stringData: { [key]: renderJobs(jobs, comments) },
  };
  return yamlText(secret);
}

/** Objects as a stream. */
export function renderObjects(objects: readonly object[], comments: readonly string[]): string {
  return `${commented(comments)}${objects.map(yamlText).join('---\n')}`;
}

/** The reasons, and a rule's source labels on one line. */
function explain(list: YAMLSeq<Node>, jobs: readonly ExplainedJob[]): void {
  visit(list, {
    Pair: (_, { key, value }) => {
      if (isScalar(key) && key.value === 'source_labels' && isSeq(value)) value.flow = true;
    },
  });
  list.items.forEach((item, index) => {
    if (!isMap(item)) return;
    item.commentBefore = wrapped(jobs[index]?.why ?? '')
      .map((line) => ` ${line}`)
      .join('\n');
    item.spaceBefore = index > 0;
  });
}

function commented(paragraphs: readonly string[]): string {
  return paragraphs
    .flatMap(wrapped)
    .map((line) => `# ${line}\n`)
    .join('');
}

const WIDTH = 110;

/** Lines that people read without scrolling. */
function wrapped(text: string): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length + 1 > WIDTH) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
