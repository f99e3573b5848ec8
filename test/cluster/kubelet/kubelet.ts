import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { ControlPlane } from '../control-plane.ts';
import { isRunning } from '../processes.ts';
import type { RunResult } from '../processes.ts';
import type { ImageEntry } from './images.ts';
import { PodNetwork } from './network.ts';
import type { Family } from './network.ts';
import { bind, registerNode, removeNode } from './node.ts';
import { Objects } from './objects.ts';
import { PodWorker } from './pod-worker.ts';
import type { Shared } from './shared.ts';
import type { Pod } from './types.ts';
import { watchPods } from './watch.ts';

export type { ImageEntry } from './images.ts';
export { fetchFrom, podAddress } from './reach.ts';
export type { Fetched } from './reach.ts';

/** What {@link startKubelet} can be told. */
export interface KubeletOptions {
  /** How to run an image: by its whole reference, or without tag and digest. */
  readonly images: Readonly<Record<string, ImageEntry>>;
  /** Default `podscrape-test`. */
  readonly nodeName?: string;
  /** Which of a Pod's addresses is its `status.podIP`. Default 4. */
  readonly primaryFamily?: Family;
  /** Takes a line about each thing of note. Default: nowhere. */
  readonly log?: (line: string) => void;
}

/** A running kubelet, which is the scheduler too. */
export interface Kubelet {
  readonly nodeName: string;
  /** Ends every process and removes everything that it has made on this machine. May be called again. */
  stop(): Promise<void>;
  /** What a container has written so far, over all its restarts. Errors: no such Pod or container here. */
  logs(namespace: string, pod: string, container: string): string;
  /** The process of a container; its files are below `/proc/PID/root`. Errors: it does not run. */
  pid(namespace: string, pod: string, container: string): number;
  /** Runs a command in a container, as its user. Errors: it does not run, or the command takes over 30 s. */
  exec(namespace: string, pod: string, container: string, command: readonly string[]): Promise<RunResult>;
}

const PREFIX = 'podscrape-kubelet-';

/**
 * Starts a kubelet: from now on every Pod of the control plane that no other node has is run here, as real processes in
 * network namespaces of their own. All of it ends with this process, however that ends. Needs root: see `requireKubelet`.
 */
export async function startKubelet(plane: ControlPlane, options: KubeletOptions): Promise<Kubelet> {
  sweepFolders();
  const nodeName = options.nodeName ?? 'podscrape-test';
  const folder = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`));
  // Containers reach only what is bound into them; the folder itself stays closed.
  chmodSync(folder, 0o700);
  const network = await PodNetwork.start(Number(new URL(plane.url).port), folder, options.primaryFamily);
  const shared: Shared = {
    plane,
    network,
    objects: new Objects(plane),
    images: options.images,
    nodeName,
    folder,
    log: options.log ?? (() => undefined),
  };
  const ending = new AbortController();
  const pods = new Pods(shared);
  try {
    await registerNode(plane, nodeName, network.hostIPs);
  } catch (error) {
    await network.stop();
    throw error;
  }
  const watching = watchPods(plane, pods, ending.signal);
  let stopped: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    ending.abort();
    // Nothing else of the kubelet keeps the event loop alive.
    const alive = setInterval(() => undefined, 1000);
    await watching;
    await pods.stop();
    // The control plane may have stopped before.
    await removeNode(plane, nodeName).catch(() => undefined);
    await network.stop();
    rmSync(folder, { recursive: true, force: true });
    clearInterval(alive);
  };
  const running = (namespace: string, pod: string, name: string) => {
    const { process } = pods.worker(namespace, pod).container(name);
    if (process === undefined) throw new Error(`container ${name} of ${namespace}/${pod} does not run`);
    return process;
  };
  return {
    nodeName,
    stop: () => (stopped ??= stop()),
    logs: (namespace, pod, container) => pods.worker(namespace, pod).logs(container),
    pid: (namespace, pod, container) => running(namespace, pod, container).pid,
    exec: async (namespace, pod, container, command) => running(namespace, pod, container).exec(command),
  };
}

/** The workers of the Pods of this node. */
class Pods {
  readonly #shared: Shared;
  readonly #workers = new Map<string, PodWorker>();
  readonly #binding = new Set<string>();

  constructor(shared: Shared) {
    this.#shared = shared;
  }

  readonly changed = (pod: Pod): void => {
    const { uid, deletionTimestamp } = pod.metadata;
    const { plane, nodeName, log } = this.#shared;
    const worker = this.#workers.get(uid);
    if (worker !== undefined) {
      worker.update(pod);
    } else if (pod.spec.nodeName === undefined) {
      if (deletionTimestamp !== undefined || (pod.spec.schedulingGates ?? []).length > 0) return;
      if (this.#binding.has(uid)) return;
      this.#binding.add(uid);
      bind(plane, pod, nodeName)
        .catch((error: unknown) => log(`${pod.metadata.name}: not bound: ${(error as Error).message}`))
        .finally(() => this.#binding.delete(uid));
    } else if (pod.spec.nodeName === nodeName) {
      const isOver = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
      if (isOver && deletionTimestamp === undefined) return;
      try {
        const made = new PodWorker(this.#shared, pod);
        this.#workers.set(uid, made);
        made.look();
      } catch (error) {
        log(`${pod.metadata.name}: NOT RUN: ${(error as Error).message}`);
      }
    }
  };

  readonly gone = (uid: string): void => {
    const worker = this.#workers.get(uid);
    void worker?.gone().then(() => this.#workers.delete(uid));
  };

  /** Errors: no such Pod on this node. */
  worker(namespace: string, name: string): PodWorker {
    const found = [...this.#workers.values()].findLast(
      ({ pod: { metadata } }) => metadata.namespace === namespace && metadata.name === name,
    );
    if (found === undefined) throw new Error(`no Pod ${namespace}/${name} on node ${this.#shared.nodeName}`);
    return found;
  }

  async stop(): Promise<void> {
    await Promise.all(Array.from(this.#workers.values(), (worker) => worker.stop()));
  }
}

/** Removes the folders of processes that were killed together with the process that should have done it. */
function sweepFolders(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = Number(new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1]);
    if (pid && !isRunning(pid)) rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
}
