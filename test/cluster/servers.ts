import { X509Certificate, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { ApiClient } from './client.ts';
import { apiserverArgs, controllerManagerArgs, etcdArgs, kubeconfig } from './layout.ts';
import type { Layout } from './layout.ts';
import { startProcess } from './processes.ts';
import type { ManagedProcess } from './processes.ts';
import type { WaitOptions } from './wait.ts';

type ServerName = 'etcd' | 'kube-apiserver' | 'kube-controller-manager';

/** Loopback ports of one control plane. */
export interface Ports {
  api: number;
  etcd: number;
  peer: number;
}

/** How long each server may take to come up, on a machine busy with other tests. */
export const BOOT: WaitOptions = { timeoutMs: 90_000, intervalMs: 25 };

/** While a client watches, kube-apiserver would wait for it up to a minute; without one it ends in a second. */
const APISERVER_GRACE_MS = 1500;

/** The server processes of one control plane, and the client that asks them whether they are ready. */
export class Servers {
  /** Each server's executable. */
  readonly #binaries: Record<ServerName, string>;
  readonly #layout: Layout;
  readonly #ports: Ports;
  readonly #extraApiserverArgs: readonly string[];
  readonly #running = new Map<ServerName, ManagedProcess>();
  #client: ApiClient | undefined;

  constructor(
    binaries: Record<ServerName, string>,
    layout: Layout,
    ports: Ports,
    extraApiserverArgs: readonly string[],
  ) {
    this.#binaries = binaries;
    this.#layout = layout;
    this.#ports = ports;
    this.#extraApiserverArgs = extraApiserverArgs;
  }

  /** The API server's address. */
  get url(): string {
    return `https://127.0.0.1:${this.#ports.api}`;
  }

  /** Speaks to the API server as admin. Errors: it has not answered yet. */
  get client(): ApiClient {
    if (!this.#client) throw new Error('kube-apiserver has not answered yet');
    return this.#client;
  }

  /** The pid of every server, in the order of their start. */
  get pids(): number[] {
    return Array.from(this.#running.values(), (server) => server.pid);
  }

  /** The pid of one server. Errors: it was not started. */
  pid(name: ServerName): number {
    const server = this.#running.get(name);
    if (!server) throw new Error(`${name} was not started`);
    return server.pid;
  }

  /** Errors: `ProcessDied` when a server has ended by itself. */
  assertAlive(): void {
    for (const server of this.#running.values()) server.assertAlive();
  }

  /** Starts etcd; resolves when it serves. */
  async startEtcd(): Promise<void> {
    const name = `podscrape-${randomBytes(6).toString('hex')}`;
    const server = this.#start('etcd', etcdArgs(this.#layout, name, this.#ports.etcd, this.#ports.peer));
    const members = `http://127.0.0.1:${this.#ports.etcd}/v3/cluster/member/list`;
    // Asked for its name: in a race for the port, the etcd of another test may answer there.
    const answers = async (): Promise<boolean> =>
      (await (await fetch(members, { method: 'POST', body: '{}' })).text()).includes(name);
    await server.waitFor('serves its clients', answers, BOOT);
  }

  /** Starts kube-apiserver, again if need be; resolves when it is ready and the CA and kubeconfig files are there. */
  async startApiserver(): Promise<void> {
    await this.#running.get('kube-apiserver')?.stop(APISERVER_GRACE_MS);
    const { api, etcd } = this.#ports;
    const server = this.#start(
      'kube-apiserver',
      apiserverArgs(this.#layout, api, etcd, this.#extraApiserverArgs),
    );
    const ready = async (): Promise<boolean> => {
      this.#client ??= this.#connect();
      return (await this.#client.request<string>('GET', '/readyz')).status === 200;
    };
    await server.waitFor('/readyz is 200', ready, BOOT);
  }

  /** Starts kube-controller-manager; how far it is shows in what it does. */
  startControllerManager(): void {
    this.#start('kube-controller-manager', controllerManagerArgs(this.#layout));
  }

  /** Ends every server. */
  async stop(): Promise<void> {
    this.#client?.close();
    // The last first: each would only complain about the one that it needs.
    for (const [name, server] of Array.from(this.#running).reverse()) {
      await server.stop(name === 'kube-apiserver' ? APISERVER_GRACE_MS : undefined);
    }
  }

  #start(name: ServerName, args: string[]): ManagedProcess {
    // Nothing of the user's environment: a proxy set there is not meant for the loopback. Memory instead of time: a
    // tenth of what the servers of a test take is the collecting of garbage.
    const env = { PATH: process.env['PATH'], HOME: this.#layout.home, GOGC: '400' };
    const logFile = join(this.#layout.logs, `${name}.log`);
    const server = startProcess({ name, command: this.#binaries[name], args, logFile, env });
    this.#running.set(name, server);
    return server;
  }

  /** Trusts the certificate authority that kube-apiserver has made. Errors: it has not yet. */
  #connect(): ApiClient {
    const { certificates, caFile, adminToken } = this.#layout;
    const ca = authority(readFileSync(join(certificates, 'apiserver.crt'), 'utf8'));
    writeFileSync(caFile, ca);
    writeFileSync(this.#layout.kubeconfig, kubeconfig(this.url, ca, 'admin', adminToken), { mode: 0o600 });
    return new ApiClient(this.url, ca, adminToken);
  }
}

/** The CA's certificate among those of the API server's file, which begins with the server's own. */
function authority(pem: string): string {
  const certificates = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/g) ?? [];
  const found = certificates.find((certificate) => new X509Certificate(certificate).ca);
  if (found === undefined) throw new Error('no certificate authority yet');
  return found;
}
