import type { Surroundings } from './environment.ts';
import type { Shared } from './shared.ts';
import type { Pod } from './types.ts';
import { followsObjects, writeVolume } from './volumes.ts';

/** The volumes of one Pod, kept up to date. */
export class PodVolumes {
  /** Whether they show ConfigMaps or Secrets, which can change without the Pod. */
  readonly follow: boolean;
  readonly #shared: Shared;
  readonly #folder: string;
  #metadata: string;
  #stale = true;
  #said = '';

  constructor(shared: Shared, folder: string, pod: Pod) {
    this.#shared = shared;
    this.#folder = folder;
    this.#metadata = metadataOf(pod);
    this.follow = (pod.spec.volumes ?? []).some(followsObjects);
  }

  /** Tells whether the Pod has changed in what volumes can show of it. */
  changed(pod: Pod): boolean {
    const metadata = metadataOf(pod);
    if (metadata === this.#metadata) return false;
    this.#metadata = metadata;
    this.#stale = true;
    return true;
  }

  /** Writes what has changed; returns why that is not possible yet. */
  async bring(pod: Pod, around: Surroundings): Promise<string | undefined> {
    const volumes = pod.spec.volumes ?? [];
    const { objects, log } = this.#shared;
    const due = this.#stale ? volumes : volumes.filter(followsObjects);
    const wasStale = this.#stale;
    // Now already: the Pod may change while this writes.
    this.#stale = false;
    try {
      for (const volume of due) await writeVolume(this.#folder, pod, volume, around, objects);
      return undefined;
    } catch (error) {
      this.#stale ||= wasStale;
      const { message } = error as Error;
      if (message !== this.#said) log(`${pod.metadata.namespace}/${pod.metadata.name}: ${message}`);
      this.#said = message;
      return message;
    }
  }
}

function metadataOf({ metadata: { labels, annotations } }: Pod): string {
  return JSON.stringify([labels, annotations]);
}
