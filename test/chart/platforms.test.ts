// Values for platforms whose network or user ids are not those of a plain Kubernetes, and for other people's monitoring.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { only, render, requireHelm } from './helm.ts';
import type { Rendered, Values } from './helm.ts';
import { container, podTemplate } from './pod-template.ts';

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';

const serving = {
  'app.kubernetes.io/name': 'podscrape',
  'app.kubernetes.io/instance': 'podscrape',
  'app.kubernetes.io/component': 'webhook',
};

/** No two of podscrape's Pods on a node. */
const apart = { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: serving } };

const ids = ['runAsUser', 'runAsGroup', 'fsGroup'];

const kinds = (objects: readonly Rendered[]): readonly (string | undefined)[] =>
  objects.map(({ kind }) => kind);

suite('the chart on other platforms', await requireHelm('the chart on other platforms'), () => {
  test('hostNetwork: the ports are the node’s, names are the cluster’s, and no node has two', async () => {
    const objects = await render({ hostNetwork: true, port: 10260, healthPort: 10261 });
    const { spec } = podTemplate(objects);
    assert.equal(spec['hostNetwork'], true);
    assert.equal(spec['dnsPolicy'], 'ClusterFirstWithHostNet');
    assert.deepEqual(spec['affinity'], { podAntiAffinity: { [REQUIRED]: [apart] } });
    const { args, ports, livenessProbe } = container(objects);
    assert.deepEqual(ports, [
      { name: 'https', containerPort: 10260, hostPort: 10260 },
      { name: 'http-metrics', containerPort: 10261, hostPort: 10261 },
    ]);
    assert.ok(args.includes('--port=10260') && args.includes('--health-port=10261'));
    assert.deepEqual((livenessProbe as Values)['httpGet'], { path: '/healthz', port: 'http-metrics' });
    assert.ok(!kinds(objects).includes('NetworkPolicy'));
    // The Pod of helm test asks from where other Pods are.
    assert.equal(only(objects, 'Pod').spec?.['hostNetwork'], undefined);
  });

  test('hostNetwork comes to the affinity that is given', async () => {
    const other = { topologyKey: 'rack', labelSelector: {} };
    const preferred = [{ weight: 1, podAffinityTerm: other }];
    const affinity = {
      nodeAffinity: { [REQUIRED]: { nodeSelectorTerms: [{}] } },
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: preferred,
        [REQUIRED]: [other],
      },
    };
    const { spec } = podTemplate(await render({ hostNetwork: true, affinity }));
    assert.deepEqual(spec['affinity'], {
      ...affinity,
      podAntiAffinity: { ...affinity.podAntiAffinity, [REQUIRED]: [other, apart] },
    });
  });

  test('without hostNetwork nothing of it is there', async () => {
    const objects = await render({});
    const { spec } = podTemplate(objects);
    for (const key of ['hostNetwork', 'dnsPolicy', 'affinity']) assert.ok(!(key in spec), key);
    assert.doesNotMatch(JSON.stringify(container(objects)['ports']), /hostPort/);
    assert.ok(kinds(objects).includes('NetworkPolicy'));
  });

  test('openshift: user and group ids are left to the SCC, and nothing else', async () => {
    const values = { podSecurityContext: { runAsUser: 1000, supplementalGroups: [5] } };
    const pods = async (more: Values) => {
      const objects = await render({ ...values, ...more });
      return [podTemplate(objects).spec, only(objects, 'Pod').spec as Values];
    };
    const [plain, openshift] = await Promise.all([pods({}), pods({ openshift: true })]);
    for (const [index, spec] of openshift.entries()) {
      const before = plain[index]?.['securityContext'] as Values;
      assert.deepEqual(
        Object.keys(before)
          .filter((key) => ids.includes(key))
          .sort(),
        [...ids].sort(),
      );
      const kept = Object.fromEntries(Object.entries(before).filter(([key]) => !ids.includes(key)));
      assert.deepEqual(kept, {
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
        supplementalGroups: [5],
      });
      assert.deepEqual(spec['securityContext'], kept);
      assert.deepEqual(spec['containers'], plain[index]?.['containers']);
    }
  });

  test('alerts lead to the runbook where it can be read', async () => {
    const urls = async (prometheusRule: Values) => {
      const rule = only(
        await render({ prometheusRule: { enabled: true, ...prometheusRule } }),
        'PrometheusRule',
      );
      const { groups } = rule.spec as {
        groups: readonly { rules: readonly { alert?: string; annotations: Record<string, string> }[] }[];
      };
      const alerts = groups.flatMap(({ rules }) => rules).filter(({ alert }) => alert !== undefined);
      assert.ok(alerts.length > 10);
      return alerts.map(({ alert = '', annotations }) => [annotations['runbook_url'], alert.toLowerCase()]);
    };
    const page = 'https://wiki.example.com/podscrape?page=runbook&v=1';
    for (const [url, alert] of await urls({ runbookURL: page })) assert.equal(url, `${page}#${alert}`);
    for (const [url, alert] of await urls({})) assert.equal(url, `docs/runbook.md#${alert}`);
  });
});
