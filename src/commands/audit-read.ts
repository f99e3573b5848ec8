import { knownWorkload, Workloads } from '../audit/workload.ts';
import type { EngineConfig } from '../core/engine-config.ts';
import type { StringMap } from '../core/kubernetes.ts';
import type { LimitResource, NamespaceLimits } from '../core/namespace-limits.ts';
import { didYouMean } from '../core/problem.ts';
import type { Surroundings } from '../core/surroundings.ts';
import { ofTemplates } from '../core/surroundings.ts';
import { oneOf } from '../core/text.ts';
import { WEBHOOK_CONFIGURATION_NAME } from '../core/webhook-configuration.ts';
import type { WorkloadKind } from '../core/workload-kinds.ts';
import { readLimitRange, readQuota } from '../kube/limits.ts';
import type { Listed } from '../kube/list-watch.ts';
import { ReadError } from '../kube/reader.ts';
import type { Place, Reader } from '../kube/reader.ts';
import { registrationOf } from './audit-registration.ts';
import type { Registration } from './audit-registration.ts';

/** Something that the audit cannot go on without: one line. */
export class AuditProblem extends Error {
  override readonly name = 'AuditProblem';
}

/** What of a cluster an audit reads before its Pods. */
export interface Cluster {
  readonly workloads: Workloads;
  readonly registration: Registration;
  /** What is known of a namespace. */
  surroundings(namespace: string): Surroundings;
  /** What could not be read, and what that means: a line each. */
  readonly unknown: readonly string[];
}

type Known = Pick<Surroundings, 'labels' | 'annotations'>;

/** Reads all but the Pods. Errors: ReadError where nobody answers, AuditProblem for a namespace that there is not. */
export async function readCluster(
  reader: Reader,
  namespaces: readonly string[],
  engine: EngineConfig,
): Promise<Cluster> {
  const unknown: string[] = [];
  const known = await readNamespaces(reader, namespaces, engine, unknown);
  const registration = await readRegistration(reader, unknown);
  const workloads = new Workloads();
  for (const kind of engine.workloadKinds) {
    for (const place of collections(kind, namespaces)) {
      await orUnknown(unknown, 'what they ask for, and what controls them, cannot be told', () =>
        listWorkloads(reader, place, kind, engine, workloads),
      );
    }
  }
  const limitsOf = await readLimits(reader, namespaces, unknown);
  const now = Date.now();
  return {
    workloads,
    registration,
    unknown,
    surroundings(namespace) {
      const labels = known.get(namespace);
      const limits = limitsOf(namespace);
      // The Pods that are looked at use the quotas up themselves.
      return ofTemplates({
        namespace,
        now,
        // What nobody knows opted in nobody; what carries a key asks all the same.
        ...(labels === undefined ? { trigger: 'object' } : { trigger: 'unknown', ...labels }),
        ...(limits === undefined ? {} : { limits }),
      });
    },
  };
}

/** The collection in the whole cluster, or in each namespace that is named. */
export function collections(
  { group, version, resource }: Pick<WorkloadKind, 'group' | 'version' | 'resource'>,
  namespaces: readonly string[],
): readonly Place[] {
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const name = group === '' ? resource : `${resource}.${group}`;
  if (namespaces.length === 0) return [{ path: `${root}/${resource}`, what: `${name} in all namespaces` }];
  return namespaces.map((namespace) => ({
    path: `${root}/namespaces/${namespace}/${resource}`,
    what: `${name} in namespace ${namespace}`,
  }));
}

/** Kinds of which a cluster has many that another controls: of them it is enough to know by whom. */
const METADATA_ONLY: readonly string[] = ['apps/ReplicaSet', 'batch/Job'];

async function listWorkloads(
  reader: Reader,
  place: Place,
  kind: WorkloadKind,
  engine: EngineConfig,
  workloads: Workloads,
): Promise<void> {
  const depth = METADATA_ONLY.includes(`${kind.group}/${kind.kind}`) ? 'metadata' : 'whole';
  await reader.list(place, { depth }, () => (object: Listed) => {
    const known = knownWorkload(object, kind, engine);
    if (known !== undefined) workloads.add(known);
  });
}

/** What an exporter was made to fit; the newest, for there is no other. */
async function readLimits(
  reader: Reader,
  namespaces: readonly string[],
  unknown: string[],
): Promise<(namespace: string) => NamespaceLimits | undefined> {
  const read = async <T>(
    resource: LimitResource,
    keep: (object: Listed) => T | undefined,
  ): Promise<ReadonlyMap<string, ReadonlyMap<string, T>>> => {
    // By name, so that a list that begins anew has nothing twice.
    const found = new Map<string, Map<string, T>>();
    const add = (object: Listed): void => {
      const { name, namespace = '' } = object.metadata;
      const kept = keep(object);
      if (kept !== undefined)
        found.set(namespace, (found.get(namespace) ?? new Map<string, T>()).set(name, kept));
    };
    for (const place of collections({ group: '', version: 'v1', resource }, namespaces)) {
      await orUnknown(unknown, 'exporters that were made to fit them may be called outdated', () =>
        reader.list(place, { depth: 'whole' }, () => add),
      );
    }
    return found;
  };
  const ranges = await read('limitranges', readLimitRange);
  const quotas = await read('resourcequotas', readQuota);
  return (namespace) => {
    const limits = {
      ranges: [...(ranges.get(namespace)?.values() ?? [])],
      quotas: [...(quotas.get(namespace)?.values() ?? [])],
    };
    return limits.ranges.length + limits.quotas.length === 0 ? undefined : limits;
  };
}

async function readNamespaces(
  reader: Reader,
  wanted: readonly string[],
  { annotationPrefix, policies }: EngineConfig,
  unknown: string[],
): Promise<ReadonlyMap<string, Known>> {
  const known = new Map<string, Known>();
  const keep = ({ metadata }: Listed): void => {
    const { name, labels = {}, annotations = {} } = metadata;
    const own = Object.entries(annotations).filter(([key]) => key.startsWith(`${annotationPrefix}/`));
    known.set(name, { labels, annotations: Object.fromEntries(own) satisfies StringMap });
  };
  const without = `what namespaces opt in to${policies.length === 0 ? '' : ', and policies,'} cannot be told`;
  const place = { path: '/api/v1/namespaces', what: 'namespaces' };
  try {
    await reader.list(place, { depth: 'metadata' }, () => {
      known.clear();
      return keep;
    });
  } catch (error) {
    if (!isForbidden(error)) throw error;
    for (const name of wanted) await readNamespace(reader, name, keep, without, unknown);
    if (wanted.length === 0) unknown.push(`${error.message}; ${without}`);
    return known;
  }
  const names = [...known.keys()];
  for (const name of wanted.filter((one) => !known.has(one))) {
    const hint = didYouMean(name, names).hint ?? `there is ${oneOf(names)}`;
    throw new AuditProblem(`there is no namespace ${name}; ${hint}`);
  }
  return known;
}

async function readNamespace(
  reader: Reader,
  name: string,
  keep: (object: Listed) => void,
  without: string,
  unknown: string[],
): Promise<void> {
  const place = { path: `/api/v1/namespaces/${name}`, what: `namespace ${name}` };
  try {
    keep(await reader.get(place));
  } catch (error) {
    if (error instanceof ReadError && error.status === 404)
      throw new AuditProblem(`there is no namespace ${name}`);
    if (!isForbidden(error)) throw error;
    unknown.push(`${error.message}; ${without}`);
  }
}

async function readRegistration(reader: Reader, unknown: string[]): Promise<Registration> {
  const what = `MutatingWebhookConfiguration ${WEBHOOK_CONFIGURATION_NAME}`;
  const path = `/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/${WEBHOOK_CONFIGURATION_NAME}`;
  try {
    return registrationOf(await reader.get({ path, what }));
  } catch (error) {
    if (error instanceof ReadError && error.status === 404) return { registered: false, excluded: [] };
    if (!isForbidden(error)) throw error;
    unknown.push(`${error.message}; which namespaces it leaves out cannot be told`);
    return { registered: undefined, excluded: [] };
  }
}

/** Goes on without what may not be read, and where a kind is not installed. */
async function orUnknown(unknown: string[], without: string, read: () => Promise<void>): Promise<void> {
  try {
    await read();
  } catch (error) {
    if (error instanceof ReadError && error.status === 404) return;
    if (!isForbidden(error)) throw error;
    unknown.push(`${error.message}; ${without}`);
  }
}

function isForbidden(error: unknown): error is ReadError {
  return error instanceof ReadError && error.status === 403;
}
