/**
 * `npm run bench`: what a decision and its checked patch cost, against the same decision with the patch taken the plain
 * way (a deep clone compared with the result). Both run in turn in this process, so that the ratio holds on a noisy
 * machine; the absolute times do not.
 */
import fastJsonPatch from 'fast-json-patch';
import { effectiveConfig } from '../src/config/effective.ts';
import { inject } from '../src/core/inject.ts';
import type { Pod } from '../src/core/kubernetes.ts';
import { makePatch } from '../src/core/patch.ts';

const config = effectiveConfig({}).engine;
const where = { namespace: 'shop', trigger: 'namespace' } as const;

/** A Pod of `containers` containers with `env` variables each. */
function podOf(containers: number, env: number, annotations: Record<string, string>): Pod {
  return {
    metadata: { annotations },
    spec: {
      containers: Array.from({ length: containers }, (_, index) => ({
        name: `container-${index}`,
        image: `example.com/image-${index}:1`,
        ports: [{ containerPort: 8080 + index, protocol: 'TCP' }],
        env: Array.from({ length: env }, (_entry, number) => ({
          name: `VARIABLE_${number}`,
          value: 'x'.repeat(64),
        })),
      })),
    },
  };
}

const asking = { 'podscrape.dev/profile': 'gunicorn' };
const pods: Readonly<Record<string, Pod>> = {
  'small Pod, gunicorn': podOf(1, 5, asking),
  'large Pod, gunicorn': podOf(20, 60, asking),
  'large Pod, nothing asked': podOf(20, 60, {}),
};

const shared = (pod: Pod): number =>
  makePatch(pod, inject(pod, where, config).pod, config.annotationPrefix).length;
const cloned = (pod: Pod): number =>
  fastJsonPatch.compare(structuredClone(pod), inject(pod, where, config).pod).length;

const ROUNDS = 15;
const TIMES = 300;

for (const [name, pod] of Object.entries(pods)) {
  const ratios: number[] = [];
  const micros: number[] = [];
  for (let round = -2; round < ROUNDS; round++) {
    const ours = time(() => shared(pod));
    const plain = time(() => cloned(pod));
    // The first rounds warm the compiler up.
    if (round < 0) continue;
    micros.push(ours);
    ratios.push(plain / ours);
  }
  const size = `${Math.round(JSON.stringify(pod).length / 1024)} KiB`;
  const line = `${name} (${size}): ${median(micros).toFixed(1)} µs; deep clone and compare takes ${median(ratios).toFixed(1)} × as long`;
  process.stdout.write(`${line}\n`);
}

/** Microseconds a call. */
function time(call: () => unknown): number {
  const start = performance.now();
  for (let index = 0; index < TIMES; index++) call();
  return ((performance.now() - start) * 1000) / TIMES;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
