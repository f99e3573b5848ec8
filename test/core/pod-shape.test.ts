import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import { isMetadataShaped, isPodShaped } from '../../src/core/pod.ts';
import { METADATA, POD, shapeFaultText } from '../../src/core/pod-shape.ts';

/** A Pod that has something in every place that is looked at. */
const whole = {
  metadata: { annotations: { a: 'b' }, labels: { app: 'web' } },
  spec: {
    containers: [
      {
        name: 'web',
        image: 'example.com/web:1',
        restartPolicy: 'Always',
        command: ['web'],
        args: ['--port=8080'],
        ports: [{ containerPort: 8080, name: 'http', protocol: 'TCP' }],
        env: [{ name: 'A', value: 'b' }],
        envFrom: [{ configMapRef: { name: 'c' } }],
        volumeMounts: [{ name: 'data', mountPath: '/data' }],
        resources: { requests: { cpu: '10m' }, limits: { memory: 1 } },
      },
    ],
    initContainers: [{ name: 'first' }],
    volumes: [{ name: 'data' }],
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    restartPolicy: 'Always',
    os: { name: 'linux' },
  },
};

type Step = string | number;

function paths(value: unknown, path: readonly Step[] = []): readonly (readonly Step[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  const entries: readonly (readonly [Step, unknown])[] = Array.isArray(value)
    ? value.map((item, index) => [index, item] as const)
    : Object.entries(value);
  return [path, ...entries.flatMap(([step, item]) => paths(item, [...path, step]))];
}

function replaced(value: unknown, [step, ...rest]: readonly Step[], odd: unknown): unknown {
  if (step === undefined) return odd;
  const copy = structuredClone(value) as Record<Step, unknown>;
  copy[step] = replaced(copy[step], rest, odd);
  return copy;
}

const odd = fc.constantFrom<unknown>(
  ...[undefined, null, true, 8080, 2n ** 60n, '8080', 'a'.repeat(63), 'a'.repeat(64)],
  ...[[], {}, [null], [{}], { a: 1 }, { a: 'b' }, ['a'], [1]],
);

describe('why a value is no Pod', () => {
  it('there is a fault exactly where the verdict is no', () => {
    assert.ok(isPodShaped(whole));
    const verdicts = new Set<boolean>();
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...paths(whole)), odd), { maxLength: 2 }), (changes) => {
        let pod: unknown = whole;
        for (const [path, value] of changes) {
          try {
            pod = replaced(pod, path, value);
          } catch {
            // The other change took the place away.
          }
        }
        const verdict = isPodShaped(pod);
        verdicts.add(verdict);
        assert.equal(POD.faults(pod).length === 0, verdict);
        const metadata = (pod as Partial<typeof whole> | null | undefined)?.metadata;
        assert.equal(METADATA.faults(metadata).length === 0, isMetadataShaped(metadata));
      }),
      { numRuns: 2000, seed: 20261121 },
    );
    assert.equal(verdicts.size, 2);
  });

  const rows: readonly (readonly [path: readonly Step[], value: unknown, text: string])[] = [
    [
      ['metadata', 'annotations', 'a'],
      true,
      'a: is read as the boolean true, and annotations are texts; put it in quotes',
    ],
    [['metadata', 'labels', 'app'], null, 'app: is empty, and labels are texts; put it in quotes'],
    [['metadata', 'labels'], ['a'], 'metadata.labels: is a list, and a mapping is wanted'],
    [
      ['spec', 'containers', 0, 'ports', 0, 'containerPort'],
      '8080',
      'spec.containers[0].ports[0].containerPort: is the text "8080", and a number from 1 to 65535 is wanted; take the quotes away',
    ],
    [
      ['spec', 'containers', 0, 'ports', 0, 'containerPort'],
      'http',
      'spec.containers[0].ports[0].containerPort: is the text "http", and a number from 1 to 65535 is wanted',
    ],
    [
      ['spec', 'containers', 0, 'env', 0, 'value'],
      1,
      'spec.containers[0].env[0].value: is read as the number 1, and a text is wanted; put it in quotes',
    ],
    [
      ['spec', 'containers', 0, 'args'],
      '--a',
      'spec.containers[0].args: is the text "--a", and a list is wanted',
    ],
    [
      ['spec', 'containers', 0, 'name'],
      'a'.repeat(64),
      'spec.containers[0].name: has 64 characters, and at most 63 are allowed; shorten it',
    ],
    [
      ['spec', 'containers', 0, 'resources', 'limits', 'memory'],
      [],
      'spec.containers[0].resources.limits.memory: is a list, and a quantity such as 100m is wanted',
    ],
    [['spec', 'containers', 0, 'name'], undefined, 'spec.containers[0].name: is missing: a name is wanted'],
    [['spec', 'containers'], [], 'spec.containers: is empty, and a container is wanted'],
    [['spec'], undefined, 'spec: is missing: a mapping is wanted'],
  ];
  for (const [path, value, text] of rows)
    it(text, () => {
      const [fault, ...more] = POD.faults(replaced(whole, path, value));
      assert.ok(fault !== undefined);
      assert.deepEqual([shapeFaultText(fault), more], [text, []]);
      assert.equal(fault.isMissing, /is missing|is empty, and a container/.test(text));
    });
});
