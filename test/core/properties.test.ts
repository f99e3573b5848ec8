import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import fastJsonPatch from 'fast-json-patch';
import { inject } from '../../src/core/inject.ts';
import type { Container, Pod } from '../../src/core/kubernetes.ts';
import { makePatch } from '../../src/core/patch.ts';
import { configurations, pods, surroundings } from './arbitrary.ts';
import { engineConfig } from './support.ts';

const runs = { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 2000) };
const PREFIX = 'podscrape.dev';

describe('for every Pod', () => {
  it('the second pass is an empty patch and sees the same targets', () => {
    fc.assert(
      fc.property(pods, surroundings, configurations, (pod, where, file) => {
        const config = engineConfig(file);
        const first = inject(pod, where, config);
        const second = inject(first.pod, where, config);
        assert.deepEqual(makePatch(first.pod, second.pod, PREFIX), []);
        assert.deepEqual(second.decision.targets, first.decision.targets);
        assert.equal(second.decision.outcome, first.decision.outcome);
      }),
      runs,
    );
  });

  it('applying the patch equals the result', () => {
    fc.assert(
      fc.property(pods, surroundings, configurations, (pod, where, file) => {
        const { pod: after } = inject(pod, where, engineConfig(file));
        const patch = makePatch(pod, after, PREFIX);
        const copy = JSON.parse(JSON.stringify(pod)) as Pod;
        const sent = JSON.parse(JSON.stringify(patch)) as fastJsonPatch.Operation[];
        assert.deepEqual(
          fastJsonPatch.applyPatch(copy, sent, true).newDocument,
          JSON.parse(JSON.stringify(after)),
        );
      }),
      runs,
    );
  });

  it('nothing of the owner is lost, and the object given is not written to', () => {
    fc.assert(
      fc.property(pods, surroundings, configurations, (pod, where, file) => {
        const before = JSON.stringify(pod);
        const { pod: after } = inject(pod, where, engineConfig(file));
        assert.equal(JSON.stringify(pod), before);
        assertKept(pod, after);
      }),
      runs,
    );
  });

  it('every target that is not the hosts network’s is declared over TCP, once', () => {
    fc.assert(
      fc.property(pods, surroundings, configurations, (pod, where, file) => {
        const { decision, pod: after } = inject(pod, where, engineConfig(file));
        const all = [...after.spec.containers, ...(after.spec.initContainers ?? [])];
        for (const target of decision.targets) {
          const declaring = all.filter((container) =>
            (container.ports ?? []).some(
              (port) => port.containerPort === target.port && (port.protocol ?? 'TCP') === 'TCP',
            ),
          );
          assert.deepEqual(
            declaring.map((container) => container.name),
            [target.container],
          );
        }
      }),
      runs,
    );
  });

  it('Object.prototype stays as it is', () => {
    const before = Object.getOwnPropertyNames(Object.prototype).sort();
    fc.assert(
      fc.property(pods, surroundings, (pod, where) => {
        inject(pod, where, engineConfig());
      }),
      runs,
    );
    assert.deepEqual(Object.getOwnPropertyNames(Object.prototype).sort(), before);
  });
});

const MAY_CHANGE = new RegExp(
  String.raw`^(prometheus\.io[./].+|${PREFIX.replace('.', String.raw`\.`)}/status)$`,
);

/** Containers, ports, env and annotations of the owner stand where they stood, with what they said. */
function assertKept(before: Pod, after: Pod): void {
  const { annotations: oldNotes, ...oldMeta } = before.metadata ?? {};
  const { annotations: newNotes, ...newMeta } = after.metadata ?? {};
  assert.deepEqual(newMeta, oldMeta);
  for (const [key, value] of Object.entries(oldNotes ?? {})) {
    if (!MAY_CHANGE.test(key)) assert.equal((newNotes ?? {})[key], value, key);
  }
  const { containers, initContainers, volumes, ...rest } = before.spec;
  const { containers: newContainers, initContainers: newInit, volumes: newVolumes, ...newRest } = after.spec;
  assert.deepEqual(newRest, rest);
  assert.deepEqual((newVolumes ?? []).slice(0, (volumes ?? []).length), volumes ?? []);
  for (const [old, now] of [
    [containers, newContainers],
    [initContainers ?? [], newInit ?? []],
  ] as const) {
    old.forEach((container, index) => assertContainerKept(container, now[index]));
  }
}

function assertContainerKept(before: Container, after: Container | undefined): void {
  assert.ok(after !== undefined);
  const { ports, env, ...rest } = before;
  const { ports: newPorts, env: newEnv, ...newRest } = after;
  assert.deepEqual(newRest, rest);
  (ports ?? []).forEach((port, index) => {
    const { name, ...now } = newPorts?.[index] ?? { containerPort: 0 };
    const { name: oldName, ...old } = port;
    assert.deepEqual(now, old);
    if (oldName !== undefined && oldName !== '') assert.equal(name, oldName);
  });
  (env ?? []).forEach((entry, index) => {
    const now = newEnv?.[index];
    assert.equal(now?.name, entry.name);
    assert.deepEqual(now.valueFrom, entry.valueFrom);
    assert.ok((now.value ?? '').startsWith(entry.value ?? ''));
  });
}
