import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { explainPod } from '../../../src/prometheus/explain.ts';
import type { Job } from '../../../src/prometheus/job.ts';
import type { Cluster } from '../../../src/prometheus/jobs/options.ts';
import type { RunningPod } from '../../../src/prometheus/pod-discovery.ts';
import type { ScrapeConfig } from '../../../src/prometheus/scrape-config.ts';
import type { ApiResponse, KubeObject } from '../client.ts';
import { startControlPlane } from '../control-plane.ts';
import type { ControlPlane, ControlPlaneOptions } from '../control-plane.ts';
import { readJobs } from './agree-jobs.ts';
import type { ReadJobs } from './agree-jobs.ts';
import { untilAgreed } from './agree.ts';
import type { Agreement } from './agree.ts';
import { clusterAccess, withCluster } from './cluster.ts';
import { startPrometheus } from './server.ts';
import type { Prometheus } from './server.ts';

/** What a kubelet would write of a Pod, without one. */
export interface GivenStatus {
  readonly phase: string;
  /** None: the Pod has no address yet. */
  readonly ip?: string;
  readonly ready?: 'True' | 'False';
}

/** A control plane, and a Prometheus that discovers its Pods. Without a kubelet, they are given the status that they need. */
export class AgreeStage {
  readonly plane: ControlPlane;
  readonly #access: Cluster;
  #prometheus: Prometheus | undefined;
  #read: ReadJobs;

  private constructor(plane: ControlPlane, access: Cluster, read: ReadJobs) {
    this.plane = plane;
    this.#access = access;
    this.#read = read;
  }

  static async start(jobs: readonly ScrapeConfig[], options: ControlPlaneOptions = {}): Promise<AgreeStage> {
    const stage = await AgreeStage.prepare(jobs, options);
    try {
      await stage.discover();
      return stage;
    } catch (error) {
      await stage.stop();
      throw error;
    }
  }

  /** The same without a Prometheus yet: it looks at every Pod anew each time that one changes, which takes long of many. */
  static async prepare(
    jobs: readonly ScrapeConfig[],
    options: ControlPlaneOptions = {},
  ): Promise<AgreeStage> {
    const plane = await startControlPlane({ controllerManager: false, ...options });
    const access = clusterAccess(plane);
    return new AgreeStage(plane, access, readJobs(withCluster(jobs, access)));
  }

  /** Starts the Prometheus. */
  async discover(): Promise<void> {
    this.#prometheus = await startPrometheus({ config: this.#read.text });
  }

  /** Errors: it has not been started. */
  get prometheus(): Prometheus {
    if (this.#prometheus === undefined) throw new Error('Prometheus has not been started');
    return this.#prometheus;
  }

  async stop(): Promise<void> {
    await this.#prometheus?.stop();
    await this.plane.stop();
  }

  /** A file with the configuration that the Prometheus has: explain is asked about the same text. */
  get configFile(): string {
    const file = join(this.plane.dataDir, 'explained.yml');
    writeFileSync(file, this.#read.text);
    return file;
  }

  get jobs(): readonly Job[] {
    return this.#read.jobs;
  }

  /** Gives Prometheus other jobs. */
  async configure(jobs: readonly ScrapeConfig[]): Promise<void> {
    this.#read = readJobs(withCluster(jobs, this.#access));
    await this.prometheus.reload(this.#read.text);
  }

  /** Creates a Pod and writes its status; the answer is that of the creation. */
  async pod(namespace: string, pod: object, given: GivenStatus): Promise<ApiResponse<KubeObject>> {
    const pods = `/api/v1/namespaces/${namespace}/pods`;
    const created = await this.plane.request('POST', pods, pod);
    if (created.status !== 201) return created;
    const path = `${pods}/${created.body.metadata?.name ?? ''}/status`;
    const { status, body } = await this.plane.request('PATCH', path, {
      status: statusOf(created.body, given),
    });
    if (status !== 200) throw new Error(`${path}: ${body.message ?? status}`);
    return created;
  }

  /** Every Pod of the cluster, as it is now. */
  async pods(): Promise<readonly RunningPod[]> {
    const { body } = await this.plane.request<{ items: readonly RunningPod[] }>('GET', '/api/v1/pods');
    return body.items;
  }

  /** Waits until Prometheus has, of every Pod of the cluster, what explain says. */
  agreed(): Promise<Agreement> {
    const { jobs } = this.#read;
    return untilAgreed(
      this.prometheus,
      () => this.pods(),
      (pod) => explainPod(pod, jobs),
    );
  }
}

interface Named {
  readonly name: string;
  readonly image?: string;
}

function statusOf({ spec }: KubeObject, { phase, ip, ready }: GivenStatus): object {
  const { containers = [], initContainers = [] } = spec as Record<string, readonly Named[]>;
  const statuses = (of: readonly Named[]): readonly object[] =>
    of.map(({ name, image }) => ({
      name,
      image: image ?? '',
      imageID: '',
      ready: ready === 'True',
      restartCount: 0,
      containerID: `containerd://${name}`,
      state: { running: { startedAt: '2026-01-01T00:00:00Z' } },
    }));
  return {
    phase,
    ...(ip === undefined
      ? {}
      : { podIP: ip, podIPs: [{ ip }], hostIP: '10.0.0.1', hostIPs: [{ ip: '10.0.0.1' }] }),
    ...(ready === undefined ? {} : { conditions: [{ type: 'Ready', status: ready }] }),
    // While a Pod is pending, its containers have no number yet.
    ...(phase === 'Pending'
      ? {}
      : { containerStatuses: statuses(containers), initContainerStatuses: statuses(initContainers) }),
  };
}
