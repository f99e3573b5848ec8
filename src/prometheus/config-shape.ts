import type { MappingNode } from '../core/statsd-mapping-yaml.ts';
import { clip, quoted } from '../core/text.ts';

/** What a file is: a prometheus.yml, a list of jobs, something around one of these, or none of it. */
export type Shape =
  | { readonly kind: 'whole' | 'list' | 'Secret' | 'ConfigMap' | 'answer' }
  | { readonly path: string; readonly message: string };

/** A configuration within another file. */
export interface EmbeddedText {
  /** `data.prometheus.yml`. */
  readonly path: string;
  readonly keys: readonly string[];
  readonly text: string;
  readonly isEncoded: boolean;
}

type Entries = Extract<MappingNode, { kind: 'map' }>['entries'];

/** Keys of the values of the charts prometheus and kube-prometheus-stack; prometheus.yml has none of them. */
const HELM_VALUES = ['prometheus', 'serverFiles', 'extraScrapeConfigs', 'prometheusOperator', 'server'];
const HELM =
  'is a key of a Helm chart’s values; hand over the ConfigMap or Secret that helm template prints, or the jobs alone';

/** `mayEmbed`: whether it may be something around a configuration. */
export function shapeOf(node: MappingNode, mayEmbed: boolean): Shape {
  const root = node.kind === 'alias' ? node.target : node;
  if (root.kind === 'list') return { kind: 'list' };
  if (root.kind !== 'map') {
    const shown = root.kind === 'scalar' ? quoted(root.text) : 'this';
    return { path: '', message: `${shown} is neither a prometheus.yml nor a list of jobs` };
  }
  const kind = textAt(root.entries, 'kind');
  if (mayEmbed && (kind === 'Secret' || kind === 'ConfigMap')) return { kind };
  if (mayEmbed && textAt(root.entries, 'status') === 'success' && valueAt(root.entries, 'data') !== undefined)
    return { kind: 'answer' };
  if (kind !== undefined && textAt(root.entries, 'apiVersion') !== undefined) {
    const message = `${quoted(kind)} holds no jobs of Prometheus; hand over a prometheus.yml, or a Secret or ConfigMap with one`;
    return { path: 'kind', message };
  }
  if (valueAt(root.entries, 'job_name') !== undefined)
    return { path: 'job_name', message: 'begins a job, which stands in a list; write - before it' };
  const values = HELM_VALUES.find((key) => valueAt(root.entries, key) !== undefined);
  if (values !== undefined && valueAt(root.entries, 'scrape_configs') === undefined)
    return { path: values, message: HELM };
  return { kind: 'whole' };
}

/** The values of a Secret's, a ConfigMap's or an answer's data that hold jobs. */
export function embeddedTexts(root: MappingNode): {
  readonly texts: readonly EmbeddedText[];
  /** The place of a value that is packed with gzip, as the Prometheus operator does. */
  readonly compressed?: Pick<EmbeddedText, 'path' | 'keys'>;
} {
  const entries = root.kind === 'map' ? root.entries : [];
  const isSecret = textAt(entries, 'kind') === 'Secret';
  const texts: EmbeddedText[] = [];
  let compressed: Pick<EmbeddedText, 'path' | 'keys'> | undefined;
  for (const part of ['data', 'stringData']) {
    const data = valueAt(entries, part);
    if (data?.kind !== 'map') continue;
    for (const [key, value] of data.entries) {
      if (key.kind !== 'scalar' || value.kind !== 'scalar') continue;
      const keys = [part, key.text];
      const path = `${part}.${/^[\w.-]+$/.test(key.text) ? key.text : clip(quoted(key.text), 34)}`;
      const isEncoded = isSecret && part === 'data';
      if (isEncoded && value.text.startsWith('H4sI')) compressed ??= { path, keys };
      const text = isEncoded ? decoded(value.text) : value.text;
      if (text !== undefined && holdsJobs(text)) texts.push({ path, keys, text, isEncoded });
    }
  }
  return { texts, ...(compressed === undefined ? {} : { compressed }) };
}

/** By its looks, so that one with mistakes is read, and rule files and values beside it are not. */
function holdsJobs(text: string): boolean {
  return /^(?:scrape_configs|["']scrape_configs["']|global|scrape_config_files)[ \t]*:|^[ \t]*(?:-[ \t]+)?["']?job_name["']?[ \t]*:|\{[ \t]*"?(?:scrape_configs|job_name)"?[ \t]*:/m.test(
    text,
  );
}

/** Base64 as a Secret has it, which may be broken into lines. */
function decoded(base64: string): string | undefined {
  try {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function valueAt(entries: Entries, key: string): MappingNode | undefined {
  const found = entries.find(([name]) => name.kind === 'scalar' && name.text === key)?.[1];
  return found?.kind === 'alias' ? found.target : found;
}

function textAt(entries: Entries, key: string): string | undefined {
  const value = valueAt(entries, key);
  return value?.kind === 'scalar' ? value.text : undefined;
}
