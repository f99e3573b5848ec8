import assert from 'node:assert/strict';

import { only } from './helm.ts';
import type { Rendered, Values } from './helm.ts';

/** What the tests read of the Deployment's Pods. */
export interface PodSpec {
  readonly containers: readonly Container[];
  readonly volumes: readonly Values[];
  readonly [field: string]: unknown;
}

interface Container {
  readonly args: readonly string[];
  readonly volumeMounts: readonly Values[];
  readonly [field: string]: unknown;
}

interface Template {
  readonly metadata: {
    readonly annotations: Readonly<Record<string, string>>;
    readonly labels: Readonly<Record<string, string>>;
  };
  readonly spec: PodSpec;
}

/** The pod template of the Deployment. */
export function podTemplate(objects: readonly Rendered[]): Template {
  return (only(objects, 'Deployment').spec as { template: Template }).template;
}

/** Its first container. Errors: there is none. */
export function container(objects: readonly Rendered[]): Container {
  const [first] = podTemplate(objects).spec.containers;
  assert.ok(first);
  return first;
}
