import type { StringMap } from '../core/kubernetes.ts';
import { isMetadataShaped } from '../core/pod.ts';
import type { Surroundings } from '../core/surroundings.ts';
import type { ManifestObject } from './objects.ts';

export interface NamespaceOptions {
  /** Of objects that name none. */
  readonly namespace: string;
  /** Of every namespace that the input does not tell of; undefined where nobody knows them. */
  readonly labels?: StringMap;
  /** Milliseconds since 1970, for exemptions that end. */
  readonly now: number;
}

/** What is known of namespaces offline: what the command line says, and the Namespaces seen so far in the input. */
export class KnownNamespaces {
  readonly #seen = new Map<string, Pick<Surroundings, 'labels' | 'annotations'>>();
  readonly #options: NamespaceOptions;

  constructor(options: NamespaceOptions) {
    this.#options = options;
  }

  /** Takes note of a Namespace; any other object is passed over. */
  see({ apiVersion, kind, name, value }: ManifestObject): void {
    if (apiVersion !== 'v1' || kind !== 'Namespace' || !isMetadataShaped(value['metadata'])) return;
    const { labels, annotations } = (value['metadata'] ?? {}) as {
      readonly labels?: StringMap;
      readonly annotations?: StringMap;
    };
    this.#seen.set(name, { labels: labels ?? {}, annotations: annotations ?? {} });
  }

  surroundings({ namespace = this.#options.namespace }: ManifestObject): Surroundings {
    const { labels, now } = this.#options;
    const known = this.#seen.get(namespace) ?? (labels === undefined ? {} : { labels });
    return { namespace, trigger: 'unknown', now, ...known };
  }
}
