import fc from 'fast-check';
import type { WorkloadKind } from '../../src/core/workload-kinds.ts';
import { PATHS } from '../../src/webhook/app.ts';
import { pods } from '../core/arbitrary.ts';
import { CONFIGURATIONS } from './configurations.ts';
import type { Json } from './containers.ts';
import { hostileText } from './hostile.ts';
import { mutatedBytes, mutatedText } from './mutate.ts';
import { podOf } from './pods.ts';
import { Random } from './random.ts';
import { workloadChange } from './workloads.ts';

/** One request to the webhook. */
export interface Case {
  readonly path: string;
  readonly body: string | Buffer;
  /** Of `CONFIGURATIONS`. */
  readonly configuration: number;
}

const MUTATING = Object.keys(PATHS);
export const VALIDATING = '/validate';
const POD: Pick<WorkloadKind, 'group' | 'version' | 'kind' | 'resource'> = {
  group: '',
  version: 'v1',
  kind: 'Pod',
  resource: 'pods',
};

/** Runs that share one sample of the properties' Pods, which are slow to make. */
const BLOCK = 50_000;
const SAMPLE = 1_000;

/** The request of each run of a seed, the same in any order and however often it is asked for. */
export class Cases {
  readonly #seed: number;
  #block = -1;
  #sample: readonly Json[] = [];

  constructor(seed: number) {
    this.#seed = seed;
  }

  of(run: number): Case {
    const random = new Random(this.#seed, run);
    const hostile = random.pick([0, 10, 10, 50]);
    const review = random.percent(40)
      ? workloadReview(random, hostile)
      : this.#podReview(random, run, hostile);
    return {
      path: random.percent(12) ? VALIDATING : random.pick(MUTATING),
      configuration: random.percent(40) ? 0 : random.below(CONFIGURATIONS.length),
      body: bodyOf(random, review),
    };
  }

  #podReview(random: Random, run: number, hostile: number): Json {
    const object = random.percent(25) ? random.pick(this.#sampleOf(run)) : podOf(random, { hostile });
    return reviewOf(random, { ...POD, object });
  }

  #sampleOf(run: number): readonly Json[] {
    const block = Math.floor(run / BLOCK);
    if (block !== this.#block) {
      this.#block = block;
      this.#sample = fc.sample(pods, {
        seed: this.#seed + block,
        numRuns: SAMPLE,
      }) as unknown as readonly Json[];
    }
    return this.#sample;
  }
}

function workloadReview(random: Random, hostile: number): Json {
  const { kind, object, oldObject } = workloadChange(random, hostile);
  return reviewOf(random, { ...kind, object, ...(oldObject === undefined ? {} : { oldObject }) });
}

function bodyOf(random: Random, review: Json): string | Buffer {
  const way = random.below(100);
  if (way < 50) return JSON.stringify(review);
  if (way < 85) {
    const { object, oldObject, ...envelope } = review['request'] as Json;
    // The object alone, so that most of these get as far as the engine.
    const mutated = mutatedText(random, { object, ...(oldObject === undefined ? {} : { oldObject }) });
    const outer = JSON.stringify({ ...review, request: envelope });
    return mutated === '{}' ? outer : `${outer.slice(0, -2)},${mutated.slice(1)}}`;
  }
  if (way < 90) return mutatedText(random, review);
  return mutatedBytes(random, JSON.stringify(review));
}

function reviewOf(
  random: Random,
  given: typeof POD & { readonly object: Json; readonly oldObject?: Json },
): Json {
  const { group, version, kind, resource, object, oldObject } = given;
  const usual = oldObject === undefined ? 'CREATE' : 'UPDATE';
  const operation = random.percent(97)
    ? usual
    : random.pick(['CREATE', 'UPDATE', 'DELETE', 'CONNECT', 'PATCH']);
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: random.percent(97) ? `run-${random.next()}` : `${hostileText(random)}.`,
      kind: { group, version, kind },
      resource: { group, version, resource },
      requestKind: { group, version, kind },
      ...random.maybe(60, 'name', () => 'web'),
      ...random.maybe(95, 'namespace', () => namespaceOf(random)),
      ...random.maybe(3, 'subResource', () => random.pick(['', 'status', 'scale', 'ephemeralcontainers'])),
      operation,
      userInfo: { username: 'system:serviceaccount:kube-system:replicaset-controller', groups: ['a'] },
      object: operation === 'DELETE' ? null : object,
      oldObject: oldObject ?? null,
      dryRun: random.percent(20),
      options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
    },
  };
}

function namespaceOf(random: Random): string {
  if (random.percent(2)) return random.percent(50) ? 'kube-system' : hostileText(random);
  return random.pick(['default', 'team-a', 'team-b']);
}
