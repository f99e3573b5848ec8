import { REQUEST_NAMES } from '../annotations.ts';
import type { EngineConfig } from '../engine-config.ts';
import type { ObjectMeta, Pod, StringMap } from '../kubernetes.ts';
import { own } from '../pod.ts';
import type { Problem } from '../problem.ts';
import { readOwnKeys } from '../request.ts';
import { ANNOTATION_BYTES } from '../self-check.ts';
import { quoted } from '../text.ts';
import type { WorkloadKind } from '../workload-kinds.ts';
import type { Workload } from './workload.ts';
import { below } from './workload.ts';
import { isInManifest } from './manifest.ts';

/**
 * Hoisting: request keys on a workload's own metadata are copied into its pod template, as annotations or labels as
 * they stand. What was copied is recorded on the workload in `P/hoisted`, so that it can follow the metadata later;
 * everything else in the template is its owner's.
 */

export const FORMS = ['annotations', 'labels'] as const;
export type Form = (typeof FORMS)[number];

/** Full keys and values, by the form in which they stand. */
export type Keys = Readonly<Record<Form, StringMap>>;

export const NO_KEYS: Keys = { annotations: {}, labels: {} };

export function hoistedKey({ annotationPrefix }: Pick<EngineConfig, 'annotationPrefix'>): string {
  return `${annotationPrefix}/hoisted`;
}

/** Whether a key is a request's, and none of those that only a namespace has or that podscrape writes. */
export function isRequestKey(key: string, prefix: string): boolean {
  return key.startsWith(`${prefix}/`) && REQUEST_NAMES.some((name) => key === `${prefix}/${name}`);
}

function requestKeysOf(map: StringMap | null | undefined, prefix: string): StringMap {
  return Object.fromEntries(Object.entries(map ?? {}).filter(([key]) => isRequestKey(key, prefix)));
}

/** Every metadata of the workload but its template's, the object's own first. */
function ownMetadata(workload: Workload, kind: WorkloadKind): readonly ObjectMeta[] {
  const paths = ['metadata', ...kind.metadata];
  return paths.map((path) => (below(workload, path) ?? {}) as ObjectMeta);
}

/**
 * The request on the workload's own metadata. A later place (a CronJob's `spec.jobTemplate`) wins over an earlier one,
 * be the key an annotation here and a label there.
 */
export function requestKeys(workload: Workload, kind: WorkloadKind, prefix: string): Keys {
  return ownMetadata(workload, kind).reduce<Keys>((outer, metadata) => {
    const annotations = requestKeysOf(metadata.annotations, prefix);
    const labels = requestKeysOf(metadata.labels, prefix);
    const rest = (map: StringMap): StringMap =>
      Object.fromEntries(
        Object.entries(map).filter(
          ([key]) => !Object.hasOwn(annotations, key) && !Object.hasOwn(labels, key),
        ),
      );
    return {
      annotations: { ...rest(outer.annotations), ...annotations },
      labels: { ...rest(outer.labels), ...labels },
    };
  }, NO_KEYS);
}

/** Keys under the prefix that are not copied, on the workload's own metadata. */
export function unknownKeys(workload: Workload, kind: WorkloadKind, prefix: string): readonly Problem[] {
  return ownMetadata(workload, kind).flatMap((metadata) =>
    readOwnKeys({ metadata, spec: { containers: [] } }, prefix).problems.filter(
      ({ code }) => code === 'unknown-key' || code === 'namespace-only',
    ),
  );
}

/** What `P/hoisted` says; anybody may have written it, so nothing but text under keys of a request is read. */
export function parseHoisted(text: string | undefined, prefix: string): Keys {
  return readHoisted(text, prefix) ?? NO_KEYS;
}

/** The same, undefined for what is no record. */
function readHoisted(text: string | undefined, prefix: string): Keys | undefined {
  if (text === undefined || text.length > ANNOTATION_BYTES) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return {
      annotations: textsOf(below(value, 'annotations'), prefix),
      labels: textsOf(below(value, 'labels'), prefix),
    };
  } catch {
    return undefined;
  }
}

function textsOf(map: unknown, prefix: string): StringMap {
  if (typeof map !== 'object' || map === null) return {};
  const entries = Object.entries(map).filter(
    ([key, text]) => typeof text === 'string' && isRequestKey(key, prefix),
  );
  return Object.fromEntries(entries);
}

/** The value of `P/hoisted`; undefined when nothing is hoisted. */
export function hoistedText(record: Keys): string | undefined {
  const forms = FORMS.map((form) => [form, sorted(record[form])] as const).filter(
    ([, map]) => Object.keys(map).length > 0,
  );
  return forms.length === 0 ? undefined : JSON.stringify(Object.fromEntries(forms));
}

function sorted(map: StringMap): StringMap {
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * What was hoisted into the template before, from the record on the object or, where `kubectl replace` dropped it or
 * somebody wrote over it, on the old one. A key that the metadata lost to the template in the same manifest is the owner's from now on.
 */
export function hoistedBefore(
  workload: Workload,
  old: Workload | undefined,
  kind: WorkloadKind,
  prefix: string,
): Keys {
  const name = hoistedKey({ annotationPrefix: prefix });
  const recordOf = (of: Workload | undefined): Keys | undefined =>
    readHoisted(own(of?.metadata?.annotations, name), prefix);
  const record = recordOf(workload) ?? recordOf(old) ?? NO_KEYS;
  const keys = requestKeys(workload, kind, prefix);
  const still = (form: Form): StringMap =>
    Object.fromEntries(
      Object.entries(record[form]).filter(
        ([key]) =>
          Object.hasOwn(keys[form], key) ||
          !isInManifest(workload, old, [...kind.template.split('.'), 'metadata', form, key]),
      ),
    );
  return { annotations: still('annotations'), labels: still('labels') };
}

export interface Hoisted {
  /** The very same reference when nothing is copied or taken out. */
  readonly template: Pod;
  /** What stands in the template for the metadata's sake now. */
  readonly record: Keys;
  readonly problems: readonly Problem[];
}

/**
 * Brings the template in line with the metadata. Ours is what equals the record: it is updated or taken out. Another
 * value is the template's owner's, and stays.
 *
 * @param keys the request on the metadata
 * @param record what was hoisted before
 */
export function hoist(template: Pod, keys: Keys, record: Keys): Hoisted {
  const problems: Problem[] = [];
  const after: Record<Form, Record<string, string>> = { annotations: {}, labels: {} };
  const hoisted: Record<Form, Record<string, string>> = { annotations: {}, labels: {} };
  for (const form of FORMS) {
    after[form] = withoutHoisted(template, form, record);
    for (const [key, value] of Object.entries(keys[form])) {
      const theirs = ownersValue(template, key, record, form);
      if (theirs === undefined) {
        hoisted[form][key] = value;
        after[form][key] = value;
      } else if (theirs !== value) {
        problems.push(overruled(key, theirs));
      }
    }
  }
  const withAnnotations = withMap(template, 'annotations', after.annotations);
  return { template: withMap(withAnnotations, 'labels', after.labels), record: hoisted, problems };
}

/** The annotations or labels that are the template's owner's. */
export function withoutHoisted(template: Pod, form: Form, record: Keys): Record<string, string> {
  const entries = Object.entries(template.metadata?.[form] ?? {});
  return Object.fromEntries(entries.filter(([key, value]) => own(record[form], key) !== value));
}

/** What the template's owner says of a key, in the form that it is to be hoisted in or else in the other one. */
function ownersValue(template: Pod, key: string, record: Keys, form: Form): string | undefined {
  const other = form === 'annotations' ? 'labels' : 'annotations';
  return (
    own(withoutHoisted(template, form, record), key) ?? own(withoutHoisted(template, other, record), key)
  );
}

function overruled(path: string, theirs: string): Problem {
  const message = `the pod template's ${quoted(theirs)} wins over the workload's`;
  return { code: 'ignored-key', path, message, hint: 'remove one' };
}

/** The template with other annotations or labels; a map that becomes empty goes, and metadata with nothing left. */
function withMap(template: Pod, form: Form, map: Record<string, string>): Pod {
  const before = template.metadata?.[form] ?? {};
  const keys = Object.keys(map);
  if (keys.length === Object.keys(before).length && keys.every((key) => own(before, key) === map[key]))
    return template;
  const rest = Object.entries(template.metadata ?? {}).filter(([name]) => name !== form);
  const metadata: ObjectMeta = { ...Object.fromEntries(rest), ...(keys.length === 0 ? {} : { [form]: map }) };
  if (Object.keys(metadata).length > 0) return { ...template, metadata };
  return Object.fromEntries(
    Object.entries(template).filter(([name]) => name !== 'metadata'),
  ) as unknown as Pod;
}
