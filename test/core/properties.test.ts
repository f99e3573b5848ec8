import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import fastJsonPatch from 'fast-json-patch';
import { writtenPrefixes } from '../../src/core/dialects.ts';
import type { EngineConfig } from '../../src/core/engine-config.ts';
import { inject } from '../../src/core/inject.ts';
import type { Container, Pod } from '../../src/core/kubernetes.ts';
import { makePatch } from '../../src/core/patch.ts';
import { imageName, isHelper, own, places } from '../../src/core/pod.ts';
import { configurations, pods, surroundings } from './arbitrary.ts';
import { engineConfig } from './support.ts';

// The same Pods in every run, so that a run tells about the change under test; PROPERTY_SEED and PROPERTY_RUNS explore.
const runs = {
  numRuns: Number(process.env['PROPERTY_RUNS'] ?? 2000),
  seed: Number(process.env['PROPERTY_SEED'] ?? 20261121),
};
const PREFIX = 'podscrape.dev';

describe('for every Pod', () => {
  it('the second pass is an empty patch and sees the same targets', () => {
    fc.assert(
      fc.property(pods, surroundings, configurations, (pod, where, file) => {
        const config = engineConfig(file);
        const first = inject(pod, where, config);
        const second = inject(first.pod, where, config);
        assert.deepEqual(patchOf(first.pod, second.pod, config), []);
        assert.deepEqual(second.decision.targets, first.decision.targets);
        assert.equal(second.decision.outcome, first.decision.outcome);
      }),
      runs,
    );
  });

  it('a pass after another webhook added a container is an empty patch', () => {
    const added = { name: 'vault-agent', image: 'hashicorp/vault:1', env: [{ name: 'A', value: 'b' }] };
    fc.assert(
      fc.property(pods, surroundings, configurations, fc.boolean(), (pod, where, file, front) => {
        const config = engineConfig(file);
        const first = inject(pod, where, config);
        fc.pre(first.decision.outcome === 'injected');
        // Where every container is an exporter, one that is added would be the application.
        fc.pre(
          pod.spec.containers.some(
            (container) => !isHelper(container) && imageName(container.image) !== 'statsd-exporter',
          ),
        );
        // A container in front becomes kubectl's default container unless the Pod names one, and so the application's.
        const named =
          own(first.pod.metadata?.annotations, 'kubectl.kubernetes.io/default-container') !== undefined;
        const { containers } = first.pod.spec;
        const between = front && named ? [added, ...containers] : [...containers, added];
        const pass = { ...first.pod, spec: { ...first.pod.spec, containers: between } };
        const second = inject(pass, where, config);
        assert.deepEqual(patchOf(pass, second.pod, config), []);
        assert.deepEqual(second.decision.targets, first.decision.targets);
      }),
      runs,
    );
  });

  it('a pass after Istio’s injector is an empty patch and sees the same targets', () => {
    fc.assert(
      fc.property(pods, surroundings, configurations, fc.boolean(), (pod, where, file, merges) => {
        const config = engineConfig(file);
        const first = inject(pod, where, config);
        fc.pre(first.decision.outcome === 'injected');
        // Where every container is a proxy or an exporter, one that is added would be the application.
        fc.pre(pod.spec.containers.some((container) => !isHelper(container)));
        fc.pre(places(pod).every(({ container }) => container.name !== 'istio-proxy'));
        const pass = withIstio(first.pod, merges);
        const second = inject(pass, where, config);
        assert.deepEqual(patchOf(pass, second.pod, config), []);
        assert.deepEqual(second.decision.targets, first.decision.targets);
      }),
      runs,
    );
  });

  it('the generated Pods are worth it: many are injected, many with a sidecar, some refused', () => {
    const sample = fc.sample(fc.tuple(pods, surroundings, configurations), { numRuns: 2000, seed: 1 });
    const decisions = sample.map(([pod, where, file]) => inject(pod, where, engineConfig(file)).decision);
    const rate = (of: (decision: (typeof decisions)[number]) => boolean): number =>
      decisions.filter(of).length / 2000;
    assert.ok(rate(({ outcome }) => outcome === 'injected') > 0.3);
    assert.ok(rate(({ added }) => added.containers.length > 0) > 0.1);
    assert.ok(rate(({ added }) => added.env.length + added.extended.length > 0) > 0.02);
    assert.ok(rate(({ outcome }) => outcome === 'refused') > 0.05);
  });

  it('applying the patch equals the result', () => {
    fc.assert(
      fc.property(pods, surroundings, configurations, (pod, where, file) => {
        const config = engineConfig(file);
        const { pod: after } = inject(pod, where, config);
        const patch = patchOf(pod, after, config);
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
        fc.pre(decision.outcome === 'injected');
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

function patchOf(before: Pod, after: Pod, config: EngineConfig) {
  return makePatch(before, after, PREFIX, writtenPrefixes(config));
}

/**
 * The Pod as Istio's injector leaves it (istio/istio, pkg/kube/inject/webhook.go): its proxy is there, and where it
 * merges the annotations are the agent's, which is told the owner's.
 */
function withIstio(pod: Pod, merges: boolean): Pod {
  const { annotations, ...metadata } = pod.metadata ?? {};
  const said = (name: string): string | undefined =>
    own(annotations, `prometheus.io/${name}`) ?? own(annotations, `prometheus.io.${name}`);
  const scrape = said('scrape') ?? 'true';
  const rewrites =
    merges &&
    /^(1|t|true)$/i.test(scrape) &&
    own(annotations, 'prometheus.istio.io/merge-metrics') !== 'false' &&
    said('port') !== '15020';
  const originals = JSON.stringify({ scrape, path: said('path') ?? '', port: said('port') ?? '' });
  const env = rewrites ? { env: [{ name: 'ISTIO_PROMETHEUS_ANNOTATIONS', value: originals }] } : {};
  const proxy: Container = { name: 'istio-proxy', image: 'docker.io/istio/proxyv2:1.31.0', ...env };
  const others = Object.entries(annotations ?? {}).filter(
    ([key]) => !/^prometheus\.io[./](scrape|path|port)$/.test(key),
  );
  const rewritten: Record<string, string> = Object.fromEntries([
    ...others,
    ['prometheus.io/port', '15020'],
    ['prometheus.io/path', '/stats/prometheus'],
    ['prometheus.io/scrape', 'true'],
  ]);
  return {
    ...pod,
    metadata: { ...metadata, annotations: rewrites ? rewritten : (annotations ?? null) },
    spec: { ...pod.spec, containers: [...pod.spec.containers, proxy] },
  };
}

const MAY_CHANGE = new RegExp(
  String.raw`^((?:prometheus|custom)\.io[./].+|k8s\.grafana\.com[./].+|${PREFIX.replace('.', String.raw`\.`)}/status)$`,
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
