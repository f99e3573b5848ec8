import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { ensureBinaries } from './binaries.ts';
import type { BinaryName } from './binary-table.ts';
import type { ApiResponse, KubeObject, RequestOptions } from './client.ts';
import { createLayout } from './layout.ts';
import type { Layout } from './layout.ts';
import { freePorts, lostPort, run } from './processes.ts';
import type { RunResult } from './processes.ts';
import { BOOT, Servers } from './servers.ts';
import { waitFor } from './wait.ts';
import type { NotYet, WaitOptions } from './wait.ts';

/** What a control plane is made of. */
export const CONTROL_PLANE_BINARIES = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kubectl',
] as const;

type Binaries = Record<(typeof CONTROL_PLANE_BINARIES)[number], string>;

/** What {@link startControlPlane} can be told. */
export interface ControlPlaneOptions {
  /** Appended to kube-apiserver's command line; a flag given twice counts as given last. */
  extraApiserverArgs?: readonly string[];
  /** Whether kube-controller-manager runs: Deployments make Pods. Default true. */
  controllerManager?: boolean;
  /** An absolute folder that keeps the logs; without it they go with the rest when the plane stops. */
  logDir?: string;
  /** Takes lines about building binaries and booting again. Default: standard error. */
  log?: (line: string) => void;
}

/**
 * Starts etcd, kube-apiserver and kube-controller-manager on free loopback ports, and resolves when all three work.
 * They end with `stop()`, and at the latest with this process, however that ends.
 * Errors: `BinariesUnavailable`, or `ProcessDied` with the last lines of the log of what would not start.
 */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const log = options.log ?? ((line: string) => void process.stderr.write(`${line}\n`));
  const names = CONTROL_PLANE_BINARIES.filter(
    (name: BinaryName) => name !== 'kube-controller-manager' || options.controllerManager !== false,
  );
  const binaries = (await ensureBinaries(names, { log })) as Binaries;
  for (let attempt = 1; ; attempt++) {
    const [api = 0, etcd = 0, peer = 0] = await freePorts(3);
    const layout = createLayout(options.logDir);
    const servers = new Servers(binaries, layout, { api, etcd, peer }, options.extraApiserverArgs ?? []);
    const plane = new ControlPlane(servers, layout, binaries.kubectl, options.controllerManager !== false);
    try {
      await servers.startEtcd();
      await servers.startApiserver();
      await plane.startController();
      return plane;
    } catch (error) {
      await plane.stop();
      if (attempt === 3 || !lostPort(error)) throw error;
      log('control plane: another process took a port first; booting again with others');
    }
  }
}

/** A running control plane. */
export class ControlPlane {
  /** `https://127.0.0.1:PORT`. */
  readonly url: string;
  /** The bearer token of `admin`, who is in system:masters. */
  readonly adminToken: string;
  /** The bearer token of `developer`, whom no role binding names: everything is forbidden until a test binds one. */
  readonly developerToken: string;
  /** A kubeconfig file for `admin`. */
  readonly kubeconfig: string;
  /** The file with the API server's CA certificate. */
  readonly caFile: string;
  /** The folder with one log a process. */
  readonly logDir: string;
  /** Everything the plane writes; removed by `stop()`. */
  readonly dataDir: string;
  readonly #servers: Servers;
  readonly #layout: Layout;
  readonly #kubectl: string;
  readonly #controllerManager: boolean;
  #stopped: Promise<void> | undefined;

  /** Use {@link startControlPlane}. */
  constructor(servers: Servers, layout: Layout, kubectl: string, controllerManager: boolean) {
    this.url = servers.url;
    this.adminToken = layout.adminToken;
    this.developerToken = layout.developerToken;
    this.kubeconfig = layout.kubeconfig;
    this.caFile = layout.caFile;
    this.logDir = layout.logs;
    this.dataDir = layout.root;
    this.#servers = servers;
    this.#layout = layout;
    this.#kubectl = kubectl;
    this.#controllerManager = controllerManager;
  }

  /** The API server's CA certificate, PEM. */
  get ca(): string {
    return readFileSync(this.caFile, 'utf8');
  }

  /** The API server's process; another one after {@link restartApiserver}. */
  get apiserverPid(): number {
    return this.#servers.pid('kube-apiserver');
  }

  /** The pid of every process of the plane. */
  get pids(): number[] {
    return this.#servers.pids;
  }

  /** Called by {@link startControlPlane}. */
  async startController(): Promise<void> {
    if (this.#controllerManager) this.#servers.startControllerManager();
    await this.#defaultServiceAccount('default', BOOT);
  }

  /** Ends kube-apiserver and starts it again on the same port and the same etcd; resolves when it is ready. */
  restartApiserver(): Promise<void> {
    return this.#servers.startApiserver();
  }

  /** Sends a request as `admin`, or with `options.token`; any HTTP status is a result. */
  request<T = KubeObject>(
    method: string,
    path: string,
    body?: unknown,
    options?: RequestOptions,
  ): Promise<ApiResponse<T>> {
    return this.#servers.client.request<T>(method, path, body, options);
  }

  /** kube-apiserver's own metrics, in the text format. */
  async metrics(): Promise<string> {
    return (await this.request<string>('GET', '/metrics')).body;
  }

  /**
   * Runs kubectl as `admin`, with a home and a cache of its own.
   * Errors: it took over two minutes; it failed, unless `allowFailure`.
   */
  async kubectl(
    args: readonly string[],
    options: { stdin?: string; allowFailure?: boolean } = {},
  ): Promise<RunResult> {
    const result = await run(this.#kubectl, [`--cache-dir=${join(this.#layout.home, 'cache')}`, ...args], {
      ...(options.stdin !== undefined && { stdin: options.stdin }),
      env: {
        PATH: process.env['PATH'],
        HOME: this.#layout.home,
        KUBECONFIG: this.kubeconfig,
        KUBERC: 'off',
      },
      timeoutMs: 120_000,
    });
    if (result.code !== 0 && options.allowFailure !== true) {
      throw new Error(`kubectl ${args.join(' ')}: exit code ${result.code}\n${result.stderr}`);
    }
    return result;
  }

  /**
   * Creates a namespace, and its ServiceAccount `default` has come when this resolves: before that Pods are refused.
   * Errors: the API server refuses the namespace.
   */
  async createNamespace(name: string, labels: Record<string, string> = {}): Promise<void> {
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
    const { status, body: answer } = await this.request('POST', '/api/v1/namespaces', body);
    if (status !== 201) throw new Error(`namespace ${name}: ${answer.message ?? `status ${status}`}`);
    await this.#defaultServiceAccount(name);
  }

  /** `waitFor` of wait.ts, which ends at once when a process of the plane has died. */
  waitFor<T>(
    description: string,
    condition: () => Promise<T | NotYet> | T | NotYet,
    options?: WaitOptions,
  ): Promise<T> {
    const check = async (): Promise<T | NotYet> => {
      this.assertAlive();
      return condition();
    };
    return waitFor(description, check, options);
  }

  /** Errors: `ProcessDied` when a process of the plane has ended by itself. */
  assertAlive(): void {
    this.#servers.assertAlive();
  }

  /** Ends every process and removes the data. May be called again. */
  stop(): Promise<void> {
    this.#stopped ??= (async () => {
      await this.#servers.stop();
      rmSync(this.#layout.root, { recursive: true, force: true });
    })();
    return this.#stopped;
  }

  /** Waits for the ServiceAccount that Pods get; makes it where no controller does. */
  async #defaultServiceAccount(namespace: string, options?: WaitOptions): Promise<void> {
    const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
    if (!this.#controllerManager) {
      const body = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } };
      await this.waitFor(
        `namespace ${namespace}`,
        async () => [201, 409].includes((await this.request('POST', accounts, body)).status),
        options,
      );
      return;
    }
    const there = async (): Promise<boolean> =>
      (await this.request('GET', `${accounts}/default`)).status === 200;
    await this.waitFor(`ServiceAccount default in ${namespace}`, there, options);
  }
}
