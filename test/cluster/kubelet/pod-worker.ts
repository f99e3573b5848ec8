import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { ContainerLife } from './container.ts';
import { launch } from './launch.ts';
import { findImage } from './images.ts';
import type { Sandbox } from './network.ts';
import type { Shared } from './shared.ts';
import { Publisher } from './publisher.ts';
import type { Container, Pod } from './types.ts';
import { whyUnsupported } from './unsupported.ts';
import { PodVolumes } from './pod-volumes.ts';
import type { Surroundings } from './environment.ts';

/** How often volumes are compared with the ConfigMaps and Secrets that they show. */
const REFRESH_MS = 1000;
const RETRY_MS = 500;

/** The life of one Pod. It is looked at again whenever something has happened, one look after another. */
export class PodWorker {
  readonly #shared: Shared;
  readonly #inits: readonly ContainerLife[];
  readonly #mains: readonly ContainerLife[];
  readonly #folder: string;
  readonly #publisher: Publisher;
  readonly #hurry = new AbortController();
  readonly #slot: number;
  readonly #podIPs: readonly [string, string];
  #pod: Pod;
  #sandbox: Sandbox | undefined;
  #phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed' = 'Pending';
  #initialized: boolean;
  #failed = false;
  #gone = false;
  #stopping = false;
  #over = false;
  readonly #volumes: PodVolumes;
  #looking: Promise<void> | undefined;
  #again = false;
  #timer: NodeJS.Timeout | undefined;
  #due = Infinity;

  constructor(shared: Shared, pod: Pod) {
    this.#shared = shared;
    this.#pod = pod;
    this.#folder = join(shared.folder, 'pods', pod.metadata.uid);
    this.#publisher = new Publisher(shared.plane, pod);
    this.#volumes = new PodVolumes(shared, this.#folder, pod);
    const changed = (): void => this.look();
    const { namespace, name } = pod.metadata;
    const log = (line: string): void => shared.log(`${namespace}/${name}: ${line}`);
    const life = (spec: Container, isInit: boolean): ContainerLife => {
      const role = isInit ? (spec.restartPolicy === 'Always' ? 'sidecar' : 'init') : 'main';
      const made = new ContainerLife(spec, role, changed, log);
      made.graceSeconds = this.#grace;
      return made;
    };
    this.#inits = (pod.spec.initContainers ?? []).map((spec) => life(spec, true));
    this.#mains = pod.spec.containers.map((spec) => life(spec, false));
    this.#initialized = this.#inits.length === 0;
    const { slot, ips } = shared.network.allocate();
    this.#slot = slot;
    this.#podIPs = ips;
    mkdirSync(this.#folder, { recursive: true, mode: 0o755 });
  }

  get pod(): Pod {
    return this.#pod;
  }

  /** A container by name. Errors: the Pod has none. */
  container(name: string): ContainerLife {
    const found = [...this.#inits, ...this.#mains].find(({ spec }) => spec.name === name);
    if (found === undefined) throw new Error(`Pod ${this.#pod.metadata.name} has no container ${name}`);
    return found;
  }

  /** What a container has written so far, over all its attempts. */
  logs(name: string): string {
    this.container(name);
    try {
      return readFileSync(this.#logFile(name), 'utf8');
    } catch {
      return '';
    }
  }

  /** The Pod has changed. */
  update(pod: Pod): void {
    const shown = ({ metadata, status }: Pod): string =>
      JSON.stringify([metadata.deletionTimestamp, status?.conditions?.map((one) => [one.type, one.status])]);
    const same = shown(this.#pod) === shown(pod);
    this.#pod = pod;
    if (pod.metadata.deletionGracePeriodSeconds === 0) this.#hurry.abort();
    if (this.#volumes.changed(pod) || !same) this.look();
  }

  /** The Pod is no more: what still runs of it is killed. Resolves when nothing is left. */
  async gone(): Promise<void> {
    this.#gone = true;
    this.#hurry.abort();
    this.look();
    while (this.#looking !== undefined) await this.#looking;
  }

  /** The kubelet stops: everything ends, and the Pod's status stays as it is. */
  stop(): Promise<void> {
    this.#stopping = true;
    return this.gone();
  }

  /** Looks at the Pod now, or once more when the look that is under way is over. */
  look(): void {
    this.#again = true;
    this.#looking ??= this.#looks().finally(() => {
      this.#looking = undefined;
    });
  }

  async #looks(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      clearTimeout(this.#timer);
      this.#due = Infinity;
      try {
        await this.#look();
      } catch (error) {
        this.#shared.log(
          `${this.#pod.metadata.namespace}/${this.#pod.metadata.name}: ${(error as Error).message}`,
        );
        this.#lookIn(RETRY_MS);
      }
    }
  }

  /** Looks again in so many milliseconds, or before if something else wants to. */
  #lookIn(ms: number): void {
    const due = performance.now() + Math.max(ms, 10);
    if (this.#over || due >= this.#due) return;
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => this.look(), Math.max(ms, 10)).unref();
  }

  async #look(): Promise<void> {
    if (this.#over) return;
    if (this.#gone || this.#pod.metadata.deletionTimestamp !== undefined) {
      await this.#remove();
      return;
    }
    if (this.#phase === 'Succeeded' || this.#phase === 'Failed') return;
    const unsupported = whyUnsupported(this.#pod);
    if (unsupported !== undefined) {
      for (const life of [...this.#inits, ...this.#mains])
        life.wait('CreateContainerConfigError', unsupported);
      if (this.#publisher.isFirst) this.#shared.log(`${this.#pod.metadata.name}: NOT RUN: ${unsupported}`);
    } else if (await this.#prepare()) {
      await this.#initialize();
      if (this.#failed || (this.#initialized && (await this.#runMains()))) await this.#complete();
    }
    await this.#publish();
  }

  /** Network and volumes. A Pod without an image that is known here needs none: there may be hundreds. */
  async #prepare(): Promise<boolean> {
    const all = [...this.#inits, ...this.#mains];
    if (!all.some(({ spec }) => findImage(this.#shared.images, spec.image) !== undefined)) return true;
    this.#sandbox ??= await this.#shared.network.sandbox(this.#slot, this.#hostname);
    const problem = await this.#volumes.bring(this.#pod, this.#surroundings);
    if (problem === undefined) {
      if (this.#volumes.follow) this.#lookIn(REFRESH_MS);
      return true;
    }
    this.#lookIn(RETRY_MS);
    // Only before the start: a volume of a running Pod stays as it was.
    return all.some(({ process, last }) => process !== undefined || last !== undefined);
  }

  /** Init containers one after another; a sidecar once it has started lets the next begin, and is kept running. */
  async #initialize(): Promise<void> {
    for (const life of this.#inits) {
      if (life.role === 'sidecar') {
        if (life.process === undefined) await this.#start(life);
        if (!life.started && !this.#initialized) return;
      } else if (!this.#initialized && !life.ready) {
        if (life.process !== undefined) return;
        if (life.ended && this.#pod.spec.restartPolicy === 'Never') this.#failed = true;
        else await this.#start(life);
        return;
      }
    }
    this.#initialized = true;
  }

  /** Starts what should run; true when all have ended for good. */
  async #runMains(): Promise<boolean> {
    const policy = this.#pod.spec.restartPolicy ?? 'Always';
    let over = true;
    for (const life of this.#mains) {
      const again = policy === 'Always' || (policy === 'OnFailure' && life.last?.exitCode !== 0);
      if (life.ended && !again) continue;
      over = false;
      if (life.process === undefined) await this.#start(life);
    }
    if (this.#mains.some(({ process, last }) => process !== undefined || last !== undefined))
      this.#phase = 'Running';
    return over;
  }

  async #start(life: ContainerLife): Promise<void> {
    const pause = life.pause();
    if (pause > 0) {
      this.#lookIn(pause);
      return;
    }
    await life.start({ podIP: this.#podIPs[0] }, () =>
      launch(life.spec, {
        shared: this.#shared,
        pod: this.#pod,
        folder: this.#folder,
        logFile: this.#logFile(life.spec.name),
        sandbox: this.#sandbox,
        hostname: this.#hostname,
        around: this.#surroundings,
      }),
    );
    if (life.process === undefined) this.#lookIn(life.pause());
  }

  /** All that counts has ended: the sidecars go, the last first, and the Pod has its phase. */
  async #complete(): Promise<void> {
    await this.#publish();
    await this.#endAll(this.#grace * 1000);
    const failed = this.#failed || this.#mains.some(({ last }) => last?.exitCode !== 0);
    this.#phase = failed ? 'Failed' : 'Succeeded';
    await this.#release();
  }

  /** After the API server was told to delete it, or has already. */
  async #remove(): Promise<void> {
    const { name, namespace, uid, deletionGracePeriodSeconds } = this.#pod.metadata;
    if (this.#gone) this.#hurry.abort();
    await this.#endAll((deletionGracePeriodSeconds ?? 30) * 1000);
    await this.#release();
    if (!this.#gone) {
      if (this.#phase === 'Running')
        this.#phase = this.#mains.every(({ last }) => last?.exitCode === 0) ? 'Succeeded' : 'Failed';
      await this.#publish();
      const options = { gracePeriodSeconds: 0, preconditions: { uid } };
      await this.#shared.plane.request('DELETE', `/api/v1/namespaces/${namespace}/pods/${name}`, options);
    }
    this.#shared.network.release(this.#slot);
    this.#over = true;
    clearTimeout(this.#timer);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** The containers all at once, then the sidecars, the last first, all within the grace. */
  async #endAll(graceMs: number): Promise<void> {
    const deadline = performance.now() + graceMs;
    const left = (): number => (this.#hurry.signal.aborted ? 0 : Math.max(0, deadline - performance.now()));
    const end = (life: ContainerLife): Promise<void> =>
      life.stop(left(), this.#podIPs[0], this.#hurry.signal);
    const first = [...this.#mains, ...this.#inits.filter(({ role }) => role === 'init')];
    await Promise.all(first.map(end));
    for (const life of this.#inits.filter(({ role }) => role === 'sidecar').reverse()) await end(life);
  }

  async #release(): Promise<void> {
    const sandbox = this.#sandbox;
    this.#sandbox = undefined;
    if (sandbox !== undefined) await this.#shared.network.remove(sandbox);
  }

  #publish(): Promise<void> {
    if (this.#stopping) return Promise.resolve();
    return this.#publisher.publish({
      pod: this.#pod,
      inits: this.#inits,
      mains: this.#mains,
      phase: this.#phase,
      initialized: this.#initialized,
      hasSandbox: this.#sandbox !== undefined,
      podIPs: this.#podIPs,
      hostIPs: this.#shared.network.hostIPs,
    });
  }

  #logFile(container: string): string {
    return join(this.#folder, `${container}.log`);
  }

  get #grace(): number {
    return this.#pod.spec.terminationGracePeriodSeconds ?? 30;
  }

  get #hostname(): string {
    return this.#pod.spec.hostname ?? this.#pod.metadata.name;
  }

  get #surroundings(): Surroundings {
    const { nodeName, network } = this.#shared;
    const { host, port } = network.api;
    const service = {
      KUBERNETES_SERVICE_HOST: host,
      KUBERNETES_SERVICE_PORT: String(port),
      KUBERNETES_SERVICE_PORT_HTTPS: String(port),
    };
    return { nodeName, hostIPs: network.hostIPs, podIPs: this.#podIPs, service };
  }
}
