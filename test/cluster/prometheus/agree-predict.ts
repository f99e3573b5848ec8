import assert from 'node:assert/strict';
import { parseAllDocuments } from 'yaml';

import type { EngineConfig } from '../../../src/core/engine-config.ts';
import { explainDocument } from '../../../src/manifests/explain.ts';
import { KnownNamespaces } from '../../../src/manifests/namespaces.ts';
import { isPodOf, runningPod } from '../../../src/prometheus/explain-pod.ts';
import type { PodOrigin } from '../../../src/prometheus/explain-pod.ts';
import { explainPod } from '../../../src/prometheus/explain.ts';
import type { Job } from '../../../src/prometheus/job.ts';
import type { RunningPod } from '../../../src/prometheus/pod-discovery.ts';
import { saidJob } from './agree.ts';
import type { AgreedTarget } from './agree.ts';

/** What explain says of a manifest's Pods before there are any. */
export interface Prediction extends PodOrigin {
  /** The targets of a Pod at this address. */
  targetsAt(ip: string): readonly AgreedTarget[];
}

/** Explains each workload and Pod of a manifest. */
export function predictions(
  manifest: string,
  engine: EngineConfig,
  jobs: readonly Job[],
): readonly Prediction[] {
  const namespaces = new KnownNamespaces({ namespace: 'default', now: 0 });
  const objects = parseAllDocuments(manifest).flatMap(
    (document) => explainDocument(document.toString(), namespaces, engine).objects,
  );
  return objects.map(({ pod, kind, name, namespace }) => {
    assert.ok(pod, `${kind} ${name} is shaped like one`);
    const origin = { kind, name, namespace };
    return { ...origin, targetsAt: (ip) => targetsOf(runningPod(pod, origin, ip), jobs) };
  });
}

function targetsOf(pod: RunningPod, jobs: readonly Job[]): readonly AgreedTarget[] {
  return explainPod(pod, jobs).jobs.flatMap((one) => saidJob(one).targets);
}

/** The Pods that have come from a workload. */
export function podsOf(origin: PodOrigin, pods: readonly RunningPod[]): readonly RunningPod[] {
  return pods.filter(({ metadata }) => {
    const owner = metadata?.ownerReferences?.find(({ controller }) => controller === true);
    const { name = '', namespace } = metadata ?? {};
    const told = { name, controllerKind: owner?.kind ?? '', controllerName: owner?.name ?? '' };
    return namespace === origin.namespace && isPodOf(origin, told);
  });
}

/** The targets in an order of their own, where what only a cluster can know stands as explain writes it. */
export function compared(
  targets: readonly AgreedTarget[],
  { metadata, spec }: RunningPod,
): readonly string[] {
  const { 'pod-template-hash': hash, 'controller-revision-hash': revision = '' } = metadata?.labels ?? {};
  const known = [
    hash,
    revision.slice(revision.lastIndexOf('-') + 1),
    /-([a-z0-9]{5})$/.exec(metadata?.name ?? '')?.[1],
    spec.nodeName,
  ].flatMap((part) => part || []);
  return targets.map((target) => textOf(target, known)).sort();
}

function textOf({ url, labels, interval, timeout }: AgreedTarget, known: readonly string[]): string {
  const masked = Object.entries(labels).map(([name, value]) => {
    const parts = known.reduce((text, part) => text.replace(part, 'X'), value);
    return `${name}=${parts.replace(/x{5,}/g, 'X')}`;
  });
  return `${url} every ${interval}, for ${timeout}: ${masked.sort().join(' ')}`;
}
