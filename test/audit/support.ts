import type { Judging } from '../../src/audit/judge.ts';
import { judgePod } from '../../src/audit/judge.ts';
import type { Verdict } from '../../src/audit/judge.ts';
import type { LivePod, Owner, OwnerLink } from '../../src/audit/workload.ts';
import type { ConfigFile } from '../../src/config/schema.ts';
import type { EngineConfig } from '../../src/core/engine-config.ts';
import { inject } from '../../src/core/inject.ts';
import type { Container, Pod, Volume } from '../../src/core/kubernetes.ts';
import type { Surroundings } from '../../src/core/surroundings.ts';
import { compileJob } from '../../src/prometheus/job.ts';
import type { Job } from '../../src/prometheus/job.ts';
import { defaultJobOptions, PRINTED_GLOBAL } from '../../src/prometheus/jobs/from-config.ts';
import { podJobs } from '../../src/prometheus/jobs/pod.ts';
import type { ScrapeConfig } from '../../src/prometheus/scrape-config.ts';
import { engineConfig } from '../core/support.ts';

export const SHOP: Surroundings = {
  namespace: 'shop',
  trigger: 'unknown',
  labels: {},
  annotations: {},
  now: 0,
};

/** The configuration of today. */
export function today(file: ConfigFile = {}): EngineConfig {
  return { ...engineConfig(file), version: '1.2.0', hash: 'today' };
}

/** Another one, which decided before. */
export function before(file: ConfigFile = {}): EngineConfig {
  return { ...engineConfig(file), version: '1.2.0', hash: 'before' };
}

/** podscrape's own jobs. */
function ownJobs(engine: EngineConfig = today()): readonly Job[] {
  return jobsOf(podJobs(defaultJobOptions(engine)));
}

/** Jobs as a Prometheus' configuration has them. */
export function jobsOf(configs: readonly ScrapeConfig[]): readonly Job[] {
  return configs.map((config) => {
    const compiled = compileJob(config, PRINTED_GLOBAL);
    if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems));
    return compiled.job;
  });
}

/** A Pod as its owner writes it. */
export function podOf(
  annotations: Readonly<Record<string, string>>,
  ports: readonly object[] = [{ name: 'http', containerPort: 8080 }],
): Pod {
  const container = { name: 'web', image: 'example.com/web:1', ports } as Container;
  return { metadata: { name: 'web-0', namespace: 'shop', annotations }, spec: { containers: [container] } };
}

/** The Pod as it is stored once it runs: with defaults, a token's volume, and what controllers add. */
export function alive(pod: Pod, owners: readonly OwnerLink[] = []): LivePod {
  const token = { name: 'kube-api-access-x7x7x', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' };
  const container = (one: Container): Container => ({
    ...one,
    ...{ terminationMessagePath: '/dev/termination-log', resources: one.resources ?? {} },
    imagePullPolicy: one.imagePullPolicy ?? 'IfNotPresent',
    ports: (one.ports ?? []).map((port) => ({ protocol: 'TCP', ...port })),
    volumeMounts: (one.volumeMounts ?? []).some(({ mountPath }) => mountPath === token.mountPath)
      ? (one.volumeMounts ?? [])
      : [...(one.volumeMounts ?? []), token],
  });
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      name: 'web-0',
      namespace: 'shop',
      uid: 'u-1',
      creationTimestamp: '2026-01-02T00:00:00Z',
      ownerReferences: owners,
      annotations: { ...pod.metadata?.annotations, 'cni.example.com/address': '10.0.0.7' },
    },
    spec: {
      restartPolicy: 'Always',
      ...{ dnsPolicy: 'ClusterFirst', schedulerName: 'default-scheduler', securityContext: {} },
      ...pod.spec,
      containers: pod.spec.containers.map(container),
      volumes: [...(pod.spec.volumes ?? []).map(volume), { name: token.name }],
      nodeName: 'node-1',
    },
    status: { phase: 'Running', podIP: '10.0.0.7', hostIP: '10.0.0.1' },
  };
}

interface Downward {
  readonly defaultMode?: number;
  readonly items?: readonly { readonly fieldRef?: object }[];
}

/** With the API server's defaults. */
function volume(one: Volume): Volume {
  const { downwardAPI } = one as { readonly downwardAPI?: Downward };
  if (downwardAPI === undefined) return one;
  const items = (downwardAPI.items ?? []).map((item) => ({
    ...item,
    fieldRef: { apiVersion: 'v1', ...item.fieldRef },
  }));
  return { ...one, downwardAPI: { defaultMode: 420, ...downwardAPI, items } };
}

/** The Pod as podscrape and then the cluster made it. */
export function injected(pod: Pod, engine: EngineConfig = today(), surroundings = SHOP): LivePod {
  return alive(inject(pod, surroundings, engine).pod);
}

export const NOBODY: Owner = { workload: { apiVersion: 'v1', kind: 'Pod', name: 'web-0' }, known: undefined };

export interface JudgeOptions extends Partial<Judging> {
  readonly owner?: Owner;
  readonly surroundings?: Surroundings;
}

export function judge(
  pod: LivePod,
  { owner = NOBODY, surroundings = SHOP, ...judging }: JudgeOptions = {},
): Verdict {
  return judgePod(pod, owner, surroundings, {
    engine: today(),
    jobs: ownJobs(),
    registered: undefined,
    ...judging,
  });
}

/** `code: message`, a line each. */
export function lines({ findings }: Verdict): readonly string[] {
  return findings.map(({ code, message }) => `${code}: ${message}`);
}

/** The Pod with other annotations; null takes one out. */
export function annotated(pod: LivePod, change: Readonly<Record<string, string | null>>): LivePod {
  const all = Object.entries({ ...pod.metadata?.annotations, ...change });
  const annotations = Object.fromEntries(
    all.flatMap(([key, text]) => (text === null ? [] : [[key, text] as const])),
  );
  return { ...pod, metadata: { ...pod.metadata, annotations } };
}
