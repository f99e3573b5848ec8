import type { ControlPlane } from '../control-plane.ts';
import { timestamp } from './process.ts';
import { statusOf } from './status.ts';
import type { PodState } from './status.ts';
import type { Condition, Pod } from './types.ts';

/** Writes the status of one Pod. */
export class Publisher {
  readonly #plane: ControlPlane;
  readonly #startTime = timestamp();
  #written = '';
  #conditions: readonly Condition[];

  constructor(plane: ControlPlane, pod: Pod) {
    this.#plane = plane;
    this.#conditions = pod.status?.conditions ?? [];
  }

  /** Nothing has been written yet. */
  get isFirst(): boolean {
    return this.#written === '';
  }

  /** Writes the status where it has changed. Errors: no connection, or the API server refuses it. */
  async publish(state: Omit<PodState, 'startTime' | 'before'>): Promise<void> {
    const { name, namespace, uid } = state.pod.metadata;
    const status = statusOf({ ...state, startTime: this.#startTime, before: this.#conditions });
    const text = JSON.stringify(status);
    if (text === this.#written) return;
    const path = `/api/v1/namespaces/${namespace}/pods/${name}/status`;
    // The uid is a precondition: a new Pod of the same name is not this one.
    const { status: code, body } = await this.#plane.request('PATCH', path, { metadata: { uid }, status });
    if (code !== 200 && code !== 404 && code !== 409)
      throw new Error(`status: ${body.message ?? `status ${code}`}`);
    this.#conditions = status.conditions;
    this.#written = text;
  }
}
