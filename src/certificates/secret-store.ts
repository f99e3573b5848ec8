import { ApiError } from '../kube/api-server.ts';
import type { ApiServer } from '../kube/api-server.ts';
import { objectsOf } from '../kube/objects.ts';
import type { KubeObject, Objects } from '../kube/objects.ts';
import { Outage } from '../kube/outage.ts';
import { ResourceWatch } from '../kube/resource-watch.ts';
import type { Log } from '../telemetry/log.ts';
import { bundleEntries } from './bundle.ts';
import { SECRET_KEYS } from './held.ts';
import type { Contents } from './held.ts';

/** As much of a Secret as matters here; the rest goes back as it came. */
interface Secret extends KubeObject {
  readonly data?: Readonly<Record<string, string>> | null;
}

interface SecretList extends KubeObject {
  readonly items?: readonly Secret[] | null;
}

/** The Secret as it was last seen. */
export interface Stored {
  /** Undefined: there is no such Secret. */
  readonly version: string | undefined;
  readonly contents: Contents;
  /** As it came, to be written back. */
  readonly object?: Secret;
}

export interface SecretStoreOptions {
  readonly server: ApiServer;
  readonly namespace: string;
  readonly name: string;
  readonly log: Log;
  readonly onChange: () => void;
}

/** How a write came out; after a failure it is to be tried again in so many milliseconds. */
export type Written =
  { readonly ok: true } | { readonly ok: false; readonly lost: boolean; readonly retryMs: number };

/** A watch that failed is made anew this soon at the latest, in milliseconds: followers must not be late. */
const LONGEST_PAUSE_MS = 4_000;

/** One Secret, followed and written. */
export class SecretStore {
  readonly #options: SecretStoreOptions;
  readonly #stop = new AbortController();
  readonly #watch: ResourceWatch<Secret>;
  readonly #objects: Objects;
  readonly #outage: Outage;
  #trouble: string | undefined;

  /** Starts at once. */
  constructor(options: SecretStoreOptions) {
    const { server, namespace, name, log, onChange } = options;
    this.#options = options;
    this.#objects = objectsOf(server, this.#stop.signal);
    const right =
      `a Role in namespace ${namespace} that allows create on secrets, and list, watch and update on the ` +
      `one called ${name},`;
    const resource = `secret ${namespace}/${name}`;
    const { source } = server;
    const backoff = { firstMs: 500, longestMs: LONGEST_PAUSE_MS };
    this.#outage = new Outage({ resource, source, right, log, backoff, random: Math.random });
    this.#watch = new ResourceWatch<Secret>({
      server,
      path: this.#collection(),
      resource,
      right,
      fieldSelector: `metadata.name=${name}`,
      depth: 'whole',
      keep: (object) => object,
      log,
      times: { longestMs: LONGEST_PAUSE_MS },
      onRestart: (_reason, error) => {
        this.#trouble = error instanceof Error ? error.message : String(error);
      },
      onChange: () => {
        this.#trouble = undefined;
        onChange();
      },
    });
  }

  /** Undefined until the API server has told whether there is one. */
  stored(): Stored | undefined {
    if (!this.#watch.synced()) return undefined;
    const [secret] = this.#watch.in(this.#options.namespace);
    if (secret === undefined) return { version: undefined, contents: {} };
    return { version: secret.metadata.resourceVersion, contents: decoded(secret.data ?? {}), object: secret };
  }

  /** Why nothing is known of it, in words; undefined when nothing is wrong. */
  trouble(): string | undefined {
    return this.#trouble;
  }

  /**
   * Writes the contents in place of what was stored; whoever else was first, wins. The result shows in `stored` once the
   * watch has brought it.
   */
  async write({ object: secret }: Stored, contents: Contents): Promise<Written> {
    const { namespace, name, log } = this.#options;
    const data = encoded(contents);
    try {
      if (secret === undefined) {
        const labels = { 'app.kubernetes.io/name': 'podscrape', 'app.kubernetes.io/component': 'webhook' };
        const metadata = { name, namespace, labels };
        const made = { apiVersion: 'v1', kind: 'Secret', metadata, type: 'Opaque', data };
        await this.#objects.create<Secret>(this.#collection(), made);
      } else {
        const path = `${this.#collection()}/${encodeURIComponent(name)}`;
        await this.#objects.update<Secret>(path, { apiVersion: 'v1', kind: 'Secret', ...secret, data });
      }
    } catch (error) {
      // 404: it was there when it was last seen.
      const lost =
        error instanceof ApiError && (error.status === 409 || (error.status === 404 && secret !== undefined));
      if (lost) {
        log.debug({ secret: `${namespace}/${name}` }, 'another replica was first to write the Secret');
        return { ok: false, lost, retryMs: 0 };
      }
      if (this.#stop.signal.aborted) return { ok: false, lost, retryMs: 0 };
      return { ok: false, lost, retryMs: this.#outage.failed('write', error, true) };
    }
    this.#outage.over();
    return { ok: true };
  }

  /**
   * Whether the Secret, asked at this moment, has no CA that the bundle lacks. What was seen of it may be old: a process
   * can have been stopped for a while, and a watch be silent. Errors: those of `Objects`.
   */
  async isComplete(bundle: string): Promise<boolean> {
    const { items } = await this.#objects.get<SecretList>(this.#query());
    const known = bundleEntries(bundle).map(({ id }) => id);
    const held = bundleEntries(decoded(items?.[0]?.data ?? {})[SECRET_KEYS.bundle] ?? '');
    return held.every(({ id }) => known.includes(id));
  }

  /** How far the clock is ahead of the API server's, in milliseconds; 0 where that cannot be told. */
  async ahead(clock: () => Date): Promise<number> {
    const time = await this.#objects.time(this.#query()).catch(() => undefined);
    return time === undefined ? 0 : clock().getTime() - time.getTime();
  }

  /** Resolves when no request is under way any more. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#watch.stop();
  }

  /** Of a list of this Secret alone: with the watch there is the right to list, and so no need of one to get. */
  #query(): string {
    const query = new URLSearchParams({ fieldSelector: `metadata.name=${this.#options.name}` });
    return `${this.#collection()}?${query.toString()}`;
  }

  #collection(): string {
    return `/api/v1/namespaces/${encodeURIComponent(this.#options.namespace)}/secrets`;
  }
}

/** Each byte a character: PEM is ASCII, and what others keep in the Secret may be no text at all. */
function decoded(data: Readonly<Record<string, string>>): Contents {
  return mapped(data, (text) => Buffer.from(text, 'base64').toString('latin1'));
}

function encoded(contents: Contents): Record<string, string> {
  return mapped(contents, (text) => Buffer.from(text, 'latin1').toString('base64'));
}

function mapped(texts: Contents, change: (text: string) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, change(text)]));
}
