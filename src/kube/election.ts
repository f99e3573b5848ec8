import { setTimeout as sleep } from 'node:timers/promises';

import { ApiError } from './api-server.ts';
import type { ApiServer } from './api-server.ts';
import { objectsOf } from './objects.ts';
import type { KubeObject, Objects } from './objects.ts';
import { Outage } from './outage.ts';
import type { WatchLog } from './outage.ts';

/** In milliseconds; those of client-go's leader election, which kube-controller-manager uses. */
export interface ElectionTimes {
  /** After so long without a renewal the holder counts as dead. */
  readonly leaseMs: number;
  /** A leader that could not renew for so long leads no more: before anybody else begins. */
  readonly renewMs: number;
  readonly retryMs: number;
}

const ELECTION_TIMES: ElectionTimes = { leaseMs: 15_000, renewMs: 10_000, retryMs: 2_000 };

/** Who stands for election, and where. */
export interface ElectionOptions {
  readonly server: ApiServer;
  readonly namespace: string;
  /** Of the Lease. */
  readonly name: string;
  /** What no other candidate calls itself. */
  readonly identity: string;
  readonly log: WatchLog;
  /** Called when this process becomes the leader, and when it is so no more. */
  readonly onChange: (leads: boolean) => void;
  readonly times?: Partial<ElectionTimes>;
  /** Milliseconds from any fixed point, never set back. */
  readonly now?: () => number;
  /** Like Math.random. */
  readonly random?: () => number;
}

/** A standing candidate. */
export interface Election {
  leads(): boolean;
  /** Stands no more; a leader gives the Lease back, so that another one need not wait. */
  stop(): Promise<void>;
}

interface Lease extends KubeObject {
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    readonly acquireTime?: string;
    readonly renewTime?: string;
    readonly leaseTransitions?: number;
  };
}

/**
 * One leader among processes, through a Lease, as client-go elects it: whoever holds the Lease renews it, and who sees it
 * not renewed for its time, by the own clock, takes it. The resourceVersion makes one writer win (409 for the others).
 */
export function startElection(options: ElectionOptions): Election {
  const candidate = new Candidate(options);
  return { leads: () => candidate.leads, stop: () => candidate.stop() };
}

class Candidate {
  leads = false;
  readonly #options: ElectionOptions;
  readonly #times: ElectionTimes;
  readonly #now: () => number;
  readonly #stop = new AbortController();
  readonly #outage: Outage;
  readonly #done: Promise<void>;
  /** The Lease as last seen, and when it was first seen so. */
  #seen: { version: string; at: number } | undefined;
  #renewed = 0;

  constructor(options: ElectionOptions) {
    const { server, namespace, name, log, random = Math.random } = options;
    this.#options = options;
    this.#times = { ...ELECTION_TIMES, ...options.times };
    this.#now = options.now ?? (() => performance.now());
    const { retryMs } = this.#times;
    this.#outage = new Outage({
      resource: `lease ${namespace}/${name}`,
      source: server.source,
      right: `a Role in namespace ${namespace} that allows create on leases, and get and update on the one called ${name},`,
      log,
      backoff: { firstMs: retryMs, longestMs: retryMs },
      random,
    });
    this.#done = this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
    if (!this.leads) return;
    this.#lead(false);
    await this.#release().catch((error: unknown) => this.#failed(error));
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    const { retryMs, renewMs } = this.#times;
    const random = this.#options.random ?? Math.random;
    while (!signal.aborted) {
      const began = this.#now();
      // Requests that hang must not keep a leader in office until others count it as dead.
      const left = this.leads ? Math.max(0, this.#renewed + renewMs - began) : renewMs;
      const late = AbortSignal.timeout(Math.ceil(left));
      try {
        const holds = await this.#attempt(this.#objects(AbortSignal.any([signal, late])));
        this.#outage.over();
        if (holds) this.#renewed = began;
        this.#lead(holds);
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        this.#failed(late.aborted ? new Error('no answer in time') : error);
        if (late.aborted || this.#now() - this.#renewed > renewMs) this.#lead(false);
      }
      // Spread for those who wait, so that they do not all come at once.
      const pause = this.leads ? retryMs : retryMs * (1 + random() / 5);
      await sleep(pause, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Takes or renews the Lease; whether it is ours then. */
  async #attempt(objects: Objects): Promise<boolean> {
    const { identity, namespace, name } = this.#options;
    const lease = await this.#read(objects);
    if (lease === undefined) {
      const metadata = { name, namespace };
      const made = { apiVersion: API_VERSION, kind: 'Lease', metadata, spec: this.#spec(undefined) };
      return this.#wins(() => objects.create<Lease>(this.#collection(), made));
    }
    const { holderIdentity = '' } = lease.spec ?? {};
    if (holderIdentity !== identity && holderIdentity !== '' && !this.#expired(lease)) return false;
    return this.#wins(() => objects.update<Lease>(this.#path(), { ...lease, spec: this.#spec(lease) }));
  }

  async #read(objects: Objects): Promise<Lease | undefined> {
    try {
      return await objects.get<Lease>(this.#path());
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw error;
    }
  }

  /** Nothing is said of clocks of others: what counts is how long it has not changed here. */
  #expired({ metadata, spec }: Lease): boolean {
    const version = metadata.resourceVersion ?? '';
    if (this.#seen?.version !== version) this.#seen = { version, at: this.#now() };
    const lasting = (spec?.leaseDurationSeconds ?? 0) * 1000;
    return this.#now() - this.#seen.at > lasting;
  }

  /** Losing is usual. */
  async #wins(write: () => Promise<Lease>): Promise<boolean> {
    try {
      await write();
      return true;
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 409) throw error;
      this.#options.log.debug({ lease: this.#options.name }, 'another process was first to take the lease');
      return false;
    }
  }

  #spec(lease: Lease | undefined): NonNullable<Lease['spec']> {
    const { identity } = this.#options;
    const before = lease?.spec;
    const same = before?.holderIdentity === identity;
    const renewTime = microTime(new Date());
    return {
      ...before,
      holderIdentity: identity,
      leaseDurationSeconds: Math.max(1, Math.round(this.#times.leaseMs / 1000)),
      acquireTime: (same ? before.acquireTime : undefined) ?? renewTime,
      renewTime,
      leaseTransitions: (before?.leaseTransitions ?? -1) + (same ? 0 : 1),
    };
  }

  async #release(): Promise<void> {
    // Not cut by `stop`, and not waited for without end: others do without.
    const objects = this.#objects(AbortSignal.timeout(this.#times.renewMs));
    const lease = await this.#read(objects);
    if (lease?.spec?.holderIdentity !== this.#options.identity) return;
    const spec = {
      ...lease.spec,
      holderIdentity: '',
      leaseDurationSeconds: 1,
      renewTime: microTime(new Date()),
    };
    await this.#wins(() => objects.update<Lease>(this.#path(), { ...lease, spec }));
  }

  #objects(signal: AbortSignal): Objects {
    return objectsOf(this.#options.server, signal);
  }

  #failed(error: unknown): void {
    this.#outage.failed('write', error, true);
  }

  #lead(leads: boolean): void {
    if (this.leads === leads) return;
    this.leads = leads;
    const { log, name, identity, onChange } = this.#options;
    log.info({ lease: name, identity }, leads ? 'leads from now on' : 'leads no more');
    onChange(leads);
  }

  #collection(): string {
    return `/apis/${API_VERSION}/namespaces/${encodeURIComponent(this.#options.namespace)}/leases`;
  }

  #path(): string {
    return `${this.#collection()}/${encodeURIComponent(this.#options.name)}`;
  }
}

const API_VERSION = 'coordination.k8s.io/v1';

/** Kubernetes' MicroTime has six digits, and takes no others. */
function microTime(date: Date): string {
  return date.toISOString().replace('Z', '000Z');
}
