import { setTimeout as sleep } from 'node:timers/promises';

import { ApiError } from '../kube/api-server.ts';
import type { ApiServer } from '../kube/api-server.ts';
import { objectsOf } from '../kube/objects.ts';
import type { Objects } from '../kube/objects.ts';
import { Outage } from '../kube/outage.ts';
import { ResourceWatch } from '../kube/resource-watch.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { Pace } from './pace.ts';
import { API_VERSION, bundlePatch, isPublished, isTrusted, readConfiguration } from './published.ts';
import type { Seen, Target } from './published.ts';

/** The owner of the bundles, for `kubectl get --show-managed-fields`. */
const FIELD_MANAGER = 'podscrape-ca';

/** What is published where, and whom that tells. */
export interface PublisherOptions {
  readonly server: ApiServer;
  readonly targets: readonly Target[];
  /** PEM; undefined while there is none. */
  readonly bundle: () => string | undefined;
  /** Whether no CA has come to the bundle since, by what is kept at this moment. Errors: no such answer. */
  readonly isComplete: (bundle: string) => Promise<boolean>;
  /** False: someone else publishes, and here it is only looked at. */
  readonly writes: boolean;
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'caBundlePublished' | 'caBundleRepaired'>;
  /** Something has changed that `since` may tell. */
  readonly onChange: () => void;
  readonly clock: () => Date;
}

/** Keeps the authority's certificates in the webhook configurations, as far as they exist. */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #places: readonly Place[];
  /** Since when this bundle has been trusted in all places. */
  #trusted: { readonly bundle: string; readonly since: number } | undefined;

  /** Starts at once. */
  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#places = options.targets.map((target) => new Place(target, options, () => this.#look()));
  }

  /** Since when, in milliseconds since 1970, all configurations trust all of the bundle; undefined when not. */
  since(bundle: string): number | undefined {
    if (!this.#places.every((place) => place.trusts(bundle))) this.#trusted = undefined;
    else if (this.#trusted?.bundle !== bundle)
      this.#trusted = { bundle, since: this.#options.clock().getTime() };
    return this.#trusted?.since;
  }

  /** Looks at once whether there is something to publish; the bundle has changed. */
  kick(): void {
    for (const place of this.#places) place.kick();
  }

  /** Resolves when no request is under way any more. */
  async stop(): Promise<void> {
    await Promise.all(this.#places.map((place) => place.stop()));
  }

  #look(): void {
    const bundle = this.#options.bundle();
    if (bundle !== undefined) this.since(bundle);
    this.#options.onChange();
  }
}

/** A watch or a write that failed is tried again this soon at the latest. */
const LONGEST_PAUSE_MS = 4_000;
/** In half a minute. */
const MOST_WRITES = 5;
/** For the watch to bring what the Secret has. */
const CATCH_UP_MS = 500;

/** One webhook configuration. */
class Place {
  readonly #target: Target;
  readonly #options: PublisherOptions;
  readonly #watch: ResourceWatch<Seen>;
  readonly #stop = new AbortController();
  readonly #objects: Objects;
  readonly #outage: Outage;
  readonly #pace = new Pace(MOST_WRITES);
  /** The bundle that was seen to be there; what is found otherwise then is someone else's work. */
  #was: string | undefined;
  #told: string | undefined;
  #turn: Promise<void> | undefined;
  #again = false;

  constructor(target: Target, options: PublisherOptions, onSeen: () => void) {
    const { resource, name } = target;
    const { server, log } = options;
    this.#target = target;
    this.#options = options;
    this.#objects = objectsOf(server, this.#stop.signal);
    const right = `a ClusterRole that allows list, watch and patch on ${resource} called ${name}`;
    this.#outage = new Outage({
      resource: `${resource} ${name}`,
      source: server.source,
      right,
      log,
      backoff: { firstMs: 500, longestMs: LONGEST_PAUSE_MS },
      random: Math.random,
    });
    this.#watch = new ResourceWatch({
      server,
      path: `/apis/${API_VERSION}/${resource}`,
      resource: `${resource} ${name}`,
      right,
      fieldSelector: `metadata.name=${name}`,
      depth: 'whole',
      keep: (object) => readConfiguration(object),
      log,
      // A refused patch is told here, one that is lost shows in the next event.
      times: { longestMs: LONGEST_PAUSE_MS },
      onChange: () => {
        onSeen();
        this.kick();
      },
    });
    options.metrics.caBundlePublished(name, false);
  }

  trusts(bundle: string): boolean {
    if (!this.#watch.synced()) return false;
    const seen = this.#watch.get(this.#target.name);
    return seen === undefined || isTrusted(seen, bundle);
  }

  kick(): void {
    this.#again = true;
    this.#turn ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all([this.#watch.stop(), this.#turn]);
    this.#options.metrics.caBundlePublished(this.#target.name, undefined);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (this.#again && !signal.aborted) {
      this.#again = false;
      const pause = await this.#turnOnce();
      if (pause === 0) continue;
      await sleep(pause, undefined, { signal }).catch(() => undefined);
      this.#again = true;
    }
    // At once, so that no call falls between the end of the loop and that of the promise.
    this.#turn = undefined;
  }

  /** Publishes where it is due; resolves with the milliseconds until the next look, 0 for the next event. */
  async #turnOnce(): Promise<number> {
    const { metrics, bundle: current, writes } = this.#options;
    const { name } = this.#target;
    const bundle = current();
    const seen = this.#watch.get(name);
    if (bundle === undefined || seen === undefined) {
      // Where no policy denies there is no validating configuration, and so nothing lacks the bundle.
      const optional = this.#target.resource === 'validatingwebhookconfigurations' && this.#watch.synced();
      metrics.caBundlePublished(name, bundle !== undefined && optional ? undefined : false);
      return 0;
    }
    const published = isPublished(seen, bundle);
    metrics.caBundlePublished(name, published || isTrusted(seen, bundle));
    if (published) this.#was = bundle;
    if (published || !writes || seen.entries.length === 0 || this.#leftAlone(seen)) return 0;
    return this.#pace.wait() || this.#write(seen, bundle);
  }

  async #write(seen: Seen, bundle: string): Promise<number> {
    const { metrics, log } = this.#options;
    const { resource, name } = this.#target;
    const repairs = this.#was === bundle;
    try {
      // A leader that was stopped, or whose watch is silent, must not take out what another one has put in since.
      if (!(await this.#options.isComplete(bundle))) return CATCH_UP_MS;
      const path = `/apis/${API_VERSION}/${resource}/${encodeURIComponent(name)}`;
      await this.#objects.patch(path, bundlePatch(seen, bundle), FIELD_MANAGER);
    } catch (error) {
      if (this.#stop.signal.aborted) return 0;
      if (error instanceof ApiError && (error.status === 409 || error.status === 404)) {
        log.debug({ configuration: name }, 'the webhook configuration has changed meanwhile');
        return 0;
      }
      return this.#outage.failed('write', error, true);
    }
    this.#outage.over();
    if (!repairs) log.info({ configuration: name }, 'CA bundle published');
    else {
      metrics.caBundleRepaired(name);
      log.warn({ configuration: name }, 'someone changed the CA bundle; it is repaired');
    }
    return 0;
  }

  #leftAlone({ injectedBy }: Seen): boolean {
    if (injectedBy !== undefined && this.#told !== injectedBy) {
      this.#options.log.warn(
        {
          configuration: this.#target.name,
          annotation: injectedBy,
          hint: 'remove the annotation, or serve with the certificate that cert-manager issues: --tls-cert, --tls-key',
        },
        'cert-manager writes the CA bundle of this configuration, which is left alone',
      );
    }
    this.#told = injectedBy;
    return injectedBy !== undefined;
  }
}
