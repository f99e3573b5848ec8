import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inject } from '../../src/core/inject.ts';
import type { Pod } from '../../src/core/kubernetes.ts';
import { POD } from '../../src/core/pod-shape.ts';
import { engineConfig } from './support.ts';

const container = { name: 'web' };
const shapes: Readonly<Record<string, unknown>> = {
  null: null,
  'a string': 'pod',
  'a list': [],
  'no spec': { metadata: {} },
  'metadata that is a list': { metadata: [], spec: { containers: [container] } },
  'annotations that are a list': { metadata: { annotations: ['a'] }, spec: { containers: [container] } },
  'an annotation that is a number': {
    metadata: { annotations: { a: 1 } },
    spec: { containers: [container] },
  },
  'a label that is an object': { metadata: { labels: { a: {} } }, spec: { containers: [container] } },
  'containers that are an object': { spec: { containers: {} } },
  'a container without name': { spec: { containers: [{}] } },
  'a container that is null': { spec: { containers: [null] } },
  'a port that is a number': { spec: { containers: [{ ...container, ports: [80] }] } },
  'a port number that is text': {
    spec: { containers: [{ ...container, ports: [{ containerPort: '80' }] }] },
  },
  'a port number with a fraction': {
    spec: { containers: [{ ...container, ports: [{ containerPort: 80.5 }] }] },
  },
  'a port number beyond all integers': {
    spec: { containers: [{ ...container, ports: [{ containerPort: 1e308 }] }] },
  },
  'env that is an object': { spec: { containers: [{ ...container, env: { A: 'b' } }] } },
  'a value that is a number': { spec: { containers: [{ ...container, env: [{ name: 'A', value: 1 }] }] } },
  'args that are text': { spec: { containers: [{ ...container, args: '--a' }] } },
  'limits that are lists': { spec: { containers: [{ ...container, resources: { limits: { cpu: [] } } }] } },
  'init containers that are text': { spec: { containers: [container], initContainers: 'x' } },
  'a container name of 64 characters': { spec: { containers: [{ name: 'a'.repeat(64) }] } },
  'a port name of 64 characters': {
    spec: { containers: [{ ...container, ports: [{ containerPort: 80, name: 'a'.repeat(64) }] }] },
  },
  'more containers than any Pod has': {
    spec: { containers: Array.from({ length: 1001 }, (_, index) => ({ name: `c${index}` })) },
  },
  'more init containers than any Pod has': {
    spec: {
      containers: [container],
      initContainers: Array.from({ length: 1001 }, (_, index) => ({ name: `c${index}` })),
    },
  },
  'a command that is text': { spec: { containers: [{ ...container, command: 'sh' }] } },
  'volumes without name': { spec: { containers: [container], volumes: [{}] } },
};

describe('what has not the shape of a Pod is left to the apiserver', () => {
  for (const [what, value] of Object.entries(shapes)) {
    it(what, () => {
      const result = inject(
        value as Pod,
        { namespace: 'a', trigger: 'namespace' },
        engineConfig({ defaultProfile: 'gunicorn' }),
      );
      assert.equal(result.decision.reason, 'malformed');
      assert.equal(result.pod, value);
      assert.notDeepEqual(POD.faults(value), []);
    });
  }
});
