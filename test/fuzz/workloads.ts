import { WORKLOAD_KINDS } from '../../src/core/workload-kinds.ts';
import type { WorkloadKind } from '../../src/core/workload-kinds.ts';
import type { Json } from './containers.ts';
import { forgedKeys } from './keys.ts';
import { metadataOf, templateOf } from './pods.ts';
import type { Random } from './random.ts';

/** A creation or an update of a workload. */
export interface WorkloadChange {
  readonly kind: WorkloadKind;
  readonly object: Json;
  readonly oldObject?: Json;
}

const LABELS = { app: 'web' };

/** A workload of any built-in kind that is created or updated, request keys in any place that may carry some. */
export function workloadChange(random: Random, hostile: number): WorkloadChange {
  const kind = random.pick(WORKLOAD_KINDS);
  const object = workloadOf(random, kind, hostile);
  if (random.percent(40)) return { kind, object };
  return { kind, object, oldObject: formerOf(random, kind, object, hostile) };
}

function workloadOf(random: Random, kind: WorkloadKind, hostile: number): Json {
  const apiVersion = kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
  return {
    apiVersion,
    kind: kind.kind,
    metadata: {
      name: 'web',
      ...metadataOf(random, hostile),
      ...random.maybe(10, 'ownerReferences', () => [
        { kind: 'Deployment', name: 'web', ...random.maybe(70, 'controller', () => true) },
      ]),
      ...random.maybe(3, 'deletionTimestamp', () => '2026-01-01T00:00:00Z'),
    },
    spec: specOf(random, kind, hostile),
  };
}

function specOf(random: Random, kind: WorkloadKind, hostile: number): Json {
  const template = templateOf(random, LABELS, { hostile });
  const replicas = random.maybe(50, 'replicas', () => random.below(4));
  switch (kind.kind) {
    case 'ReplicationController':
      return { ...replicas, selector: LABELS, template };
    case 'Job':
      return { template };
    case 'CronJob':
      return {
        schedule: '* * * * *',
        jobTemplate: { metadata: metadataOf(random, hostile), spec: { template } },
      };
    default:
      return { ...replicas, selector: { matchLabels: LABELS }, template };
  }
}

/** What the workload was before: the same but for its scale, its metadata, its template, or all of it. */
function formerOf(random: Random, kind: WorkloadKind, object: Json, hostile: number): Json {
  const metadata = object['metadata'] as Json;
  const former = { ...metadata, ...metadataOf(random, hostile) };
  switch (random.below(5)) {
    case 0:
      return { ...object, spec: { ...(object['spec'] as Json), replicas: 7 } };
    case 1:
      return { ...object, metadata: former };
    case 2: {
      const annotations = {
        ...(metadata['annotations'] as Json | undefined),
        ...forgedKeys(random, hostile),
      };
      return { ...object, metadata: { ...metadata, annotations } };
    }
    case 3:
      return { ...object, spec: specOf(random, kind, hostile) };
    default:
      return { ...object, metadata: former, spec: specOf(random, kind, hostile) };
  }
}
