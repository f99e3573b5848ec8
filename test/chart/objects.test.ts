// What the chart makes of its values, object by object, before any API server has seen it.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { objectsIn, only, render, requireHelm, template } from './helm.ts';
import type { Rendered, Values } from './helm.ts';
import { container, podTemplate } from './pod-template.ts';
import type { PodSpec } from './pod-template.ts';

/** Everything, for each way to have certificates. */
const kinds = (objects: readonly Rendered[]): string[] => objects.map(({ kind = '' }) => kind).sort();

suite('the chart’s objects', await requireHelm('the chart’s objects'), () => {
  test('by default', async () => {
    const objects = await render({});
    assert.deepEqual(kinds(objects), [
      'ClusterRole',
      'ClusterRoleBinding',
      'ConfigMap',
      'Deployment',
      'Lease',
      'MutatingWebhookConfiguration',
      'NetworkPolicy',
      'Pod',
      'PodDisruptionBudget',
      'Role',
      'RoleBinding',
      'Secret',
      'Service',
      'ServiceAccount',
    ]);
  });

  test('the Pods: restricted, two, spread, replaced one after the other', async () => {
    const objects = await render({});
    const { replicas, strategy } = only(objects, 'Deployment').spec as Values;
    assert.equal(replicas, 2);
    assert.deepEqual(strategy, {
      type: 'RollingUpdate',
      rollingUpdate: { maxUnavailable: 0, maxSurge: 1 },
    });
    const { spec } = podTemplate(objects);
    assert.deepEqual(spec['securityContext'], {
      runAsNonRoot: true,
      runAsUser: 65532,
      runAsGroup: 65532,
      fsGroup: 65532,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    assert.equal(spec['enableServiceLinks'], false);
    assert.equal(spec['terminationGracePeriodSeconds'], 45);
    const spread = spec['topologySpreadConstraints'] as readonly Values[];
    assert.deepEqual(
      spread.map(({ topologyKey, whenUnsatisfiable }) => [topologyKey, whenUnsatisfiable]),
      [
        ['kubernetes.io/hostname', 'ScheduleAnyway'],
        ['topology.kubernetes.io/zone', 'ScheduleAnyway'],
      ],
    );
    const { securityContext, resources, startupProbe, livenessProbe, readinessProbe } = container(objects);
    assert.deepEqual(securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    assert.deepEqual(resources, {
      requests: { cpu: '100m', memory: '128Mi' },
      limits: { memory: '512Mi' },
    });
    const probes = [startupProbe, livenessProbe, readinessProbe].map((probe) => (probe as Values)['httpGet']);
    assert.deepEqual(probes, [
      { path: '/healthz', port: 'http-metrics' },
      { path: '/healthz', port: 'http-metrics' },
      { path: '/readyz', port: 'http-metrics' },
    ]);
  });

  test('the configuration is a folder, so that a change arrives', async () => {
    const objects = await render({});
    const { volumeMounts, args } = container(objects);
    assert.deepEqual(volumeMounts, [{ name: 'config', mountPath: '/etc/podscrape', readOnly: true }]);
    assert.ok(args.includes('--config=/etc/podscrape/config.yaml'));
  });

  test('only what needs a restart changes the pod template', async () => {
    const [one, same, other] = await Promise.all(
      [{}, { optIn: 'label' }, { server: { bodyLimitBytes: 1_000_000 } }].map((config) => render({ config })),
    );
    assert.ok(one && same && other);
    assert.deepEqual(podTemplate(one), podTemplate(same));
    assert.notDeepEqual(podTemplate(one), podTemplate(other));
  });

  test('an authority of its own: no file, a Secret and a Lease of the chart’s', async () => {
    const objects = await render({}, { release: 'prod', namespace: '12' });
    assert.deepEqual(container(objects).args.slice(4), [
      '--cert-secret=prod-podscrape-certificate',
      '--lease=prod-podscrape',
      '--dns-name=prod-podscrape.12.svc',
    ]);
    assert.equal(only(objects, 'Secret').data, undefined);
    assert.equal(only(objects, 'Lease').spec, undefined);
  });

  test('a Secret of somebody’s: mounted, and no right to read any', async () => {
    const objects = await render({ certificates: { mode: 'secret', secretName: 'mine' } });
    const files = ['--tls-cert=/etc/podscrape-tls/tls.crt', '--tls-key=/etc/podscrape-tls/tls.key'];
    assert.deepEqual(container(objects).args.slice(4), files);
    const { volumes } = podTemplate(objects).spec;
    assert.deepEqual(volumes[1], { name: 'tls', secret: { secretName: 'mine', defaultMode: 0o440 } });
    assert.deepEqual(only(objects, 'ClusterRole').rules, [
      {
        apiGroups: [''],
        resources: ['namespaces', 'limitranges', 'resourcequotas'],
        verbs: ['list', 'watch'],
      },
    ]);
    assert.deepEqual(
      objects.filter(({ kind = '' }) => ['RoleBinding', 'Secret', 'Lease'].includes(kind)),
      [],
    );
    // Of the same name as in mode own: Helm takes the rights away before it deletes what they are for.
    const before = only(await render({}), 'Role');
    assert.deepEqual(only(objects, 'Role'), { ...before, rules: [] });
  });

  test('cert-manager: a chain of the chart’s, or the issuer named', async () => {
    const objects = await render({ certificates: { mode: 'certManager' } });
    const named = objects.filter(({ apiVersion }) => apiVersion === 'cert-manager.io/v1');
    assert.deepEqual(
      named.map(({ kind, metadata }) => `${kind} ${metadata?.name}`),
      [
        'Certificate podscrape-authority',
        'Certificate podscrape',
        'Issuer podscrape-selfsigned',
        'Issuer podscrape',
      ],
    );
    assert.equal(
      only(objects, 'MutatingWebhookConfiguration').metadata?.annotations?.['cert-manager.io/inject-ca-from'],
      'monitoring/podscrape',
    );
    const { volumes } = podTemplate(objects).spec;
    const { secretName, dnsNames } = named[1]?.spec as Values;
    assert.deepEqual(
      named.slice(0, 2).map(({ spec }) => (spec?.['privateKey'] as Values)['rotationPolicy']),
      ['Never', 'Always'],
    );
    assert.deepEqual(dnsNames, ['podscrape.monitoring.svc']);
    assert.deepEqual(volumes[1], { name: 'tls', secret: { secretName, defaultMode: 0o440 } });
    // cert-manager leaves it behind, and Helm would refuse to make what is there already.
    assert.notEqual(secretName, only(await render({}), 'Secret').metadata?.name);
    const issuerRef = { name: 'corporate', kind: 'ClusterIssuer' };
    const given = await render({ certificates: { mode: 'certManager', certManager: { issuerRef } } });
    const certificate = only(given, 'Certificate').spec as Values;
    assert.deepEqual(certificate['issuerRef'], { ...issuerRef, group: 'cert-manager.io' });
    assert.ok(!kinds(given).includes('Issuer'));
  });

  test('the API server’s own certificate, when asked for', async () => {
    const clientCA = { secret: 'apiserver-ca', names: ['kube-apiserver', 'webhook-client'] };
    const objects = await render({ webhook: { clientCA } });
    const { args } = container(objects);
    assert.deepEqual(args.slice(-3), [
      '--client-ca-file=/etc/podscrape-client-ca/ca.crt',
      '--client-name=kube-apiserver',
      '--client-name=webhook-client',
    ]);
    const { volumes } = podTemplate(objects).spec;
    assert.deepEqual(volumes[1], {
      name: 'client-ca',
      secret: { secretName: 'apiserver-ca', items: [{ key: 'ca.crt', path: 'ca.crt' }] },
    });
  });

  test('the image by tag, digest, or the chart’s version', async () => {
    const digest = `sha256:${'0'.repeat(64)}`;
    const rows: readonly (readonly [Values, string])[] = [
      [{}, 'podscrape/podscrape:0.1.0'],
      [{ repository: 'mirror.example.com:5000/podscrape', tag: '1' }, 'mirror.example.com:5000/podscrape:1'],
      [{ tag: '1', digest }, `podscrape/podscrape@${digest}`],
    ];
    for (const [image, expected] of rows) {
      const objects = await render({ image });
      assert.equal(container(objects)['image'], expected);
      assert.deepEqual((only(objects, 'Pod').spec as unknown as PodSpec).containers[0]?.['image'], expected);
    }
  });

  test('what is said of Pods reaches them', async () => {
    const values = {
      nodeSelector: { 'kubernetes.io/os': 'linux' },
      tolerations: [{ key: 'dedicated', operator: 'Exists' }],
      affinity: { podAntiAffinity: {} },
      topologySpreadConstraints: [],
      priorityClassName: 'system-cluster-critical',
      imagePullSecrets: [{ name: 'registry' }],
      podLabels: { team: 'platform' },
      podAnnotations: { note: 'x' },
      extraArgs: ['--host=0.0.0.0'],
      extraEnv: [{ name: 'NODE_OPTIONS', value: '--max-old-space-size=160' }],
      port: 10250,
    };
    const objects = await render(values);
    const { spec, metadata } = podTemplate(objects);
    const { nodeSelector, tolerations, affinity, priorityClassName, imagePullSecrets } = spec;
    const { nodeSelector: _1, tolerations: _2, affinity: _3, ...rest } = values;
    assert.deepEqual([nodeSelector, tolerations, affinity], [_1, _2, _3]);
    assert.deepEqual([priorityClassName, imagePullSecrets], [rest.priorityClassName, rest.imagePullSecrets]);
    assert.equal(spec['topologySpreadConstraints'], undefined);
    assert.equal(metadata.annotations['note'], 'x');
    const { args, env, ports } = container(objects);
    assert.ok(args.includes('--port=10250') && args.at(-1) === '--host=0.0.0.0');
    assert.deepEqual((env as readonly object[]).at(-1), values.extraEnv[0]);
    assert.deepEqual((ports as readonly object[])[0], { name: 'https', containerPort: 10250 });
  });

  test('labels and annotations of every object', async () => {
    const objects = await render({ labels: { team: 'platform' }, annotations: { note: 'x' } });
    for (const { kind, metadata } of objects) {
      assert.equal(metadata?.labels?.['team'], 'platform', kind);
      assert.equal(metadata.annotations?.['note'], 'x', kind);
    }
  });

  test('the network policy lets in whom it is told', async () => {
    const { ingress } = only(await render({}), 'NetworkPolicy').spec as { ingress: readonly object[] };
    assert.deepEqual(ingress, [{ ports: [{ port: 'https' }] }, { ports: [{ port: 'http-metrics' }] }]);
    const metricsFrom = [{ namespaceSelector: { matchLabels: { a: 'b' } } }];
    const some = await render({ networkPolicy: { webhookFrom: ['10.0.0.0/28', 'fd00::/64'], metricsFrom } });
    assert.deepEqual((only(some, 'NetworkPolicy').spec as { ingress: unknown }).ingress, [
      {
        ports: [{ port: 'https' }],
        from: [{ ipBlock: { cidr: '10.0.0.0/28' } }, { ipBlock: { cidr: 'fd00::/64' } }],
      },
      { ports: [{ port: 'http-metrics' }], from: metricsFrom },
    ]);
  });

  test('the Service, and all that selects Pods, means those that serve', async () => {
    const objects = await render({});
    const labels = (only(objects, 'Deployment').spec as { template: Rendered }).template.metadata?.labels;
    const { selector } = only(objects, 'Service').spec as { selector: Readonly<Record<string, string>> };
    assert.deepEqual({ ...labels, ...selector }, labels);
    const test = only(objects, 'Pod').metadata?.labels ?? {};
    assert.notDeepEqual({ ...test, ...selector }, test);
    const selects = { matchLabels: selector };
    assert.deepEqual((only(objects, 'Deployment').spec as Values)['selector'], selects);
    assert.deepEqual((only(objects, 'PodDisruptionBudget').spec as Values)['selector'], selects);
    assert.deepEqual((only(objects, 'NetworkPolicy').spec as Values)['podSelector'], selects);
  });

  test('scrapers find podscrape by annotations or by a monitor, never by both', async () => {
    const annotations = async (values: Values) => podTemplate(await render(values)).metadata.annotations;
    assert.equal((await annotations({ healthPort: 9090 }))['prometheus.io/port'], '9090');
    for (const values of [{ monitor: { enabled: true } }, { scrapeAnnotations: false }]) {
      assert.equal((await annotations(values))['prometheus.io/scrape'], undefined);
    }
  });

  test('monitors, alerts and dashboard', async () => {
    const labels = { release: 'prometheus' };
    for (const [kind, endpoints] of [
      ['ServiceMonitor', 'endpoints'],
      ['PodMonitor', 'podMetricsEndpoints'],
    ] as const) {
      const objects = await render({
        monitor: { enabled: true, kind, interval: '30s', labels },
        prometheusRule: { enabled: true, labels },
        dashboard: { enabled: true, label: 'grafana', labelValue: 'yes' },
      });
      const monitor = only(objects, kind);
      const { selector } = monitor.spec as { selector: { matchLabels: Readonly<Record<string, string>> } };
      const meant = kind === 'PodMonitor' ? podTemplate(objects) : only(objects, 'Service');
      const carried = meant.metadata?.labels ?? {};
      assert.deepEqual({ ...carried, ...selector.matchLabels }, carried);
      assert.equal(monitor.metadata?.labels?.['release'], 'prometheus');
      assert.deepEqual((monitor.spec as Values)[endpoints], [
        { port: 'http-metrics', path: '/metrics', interval: '30s' },
      ]);
      const { groups } = only(objects, 'PrometheusRule').spec as { groups: readonly object[] };
      assert.ok(Array.isArray(groups));
      const dashboard = objects.find(({ metadata }) => metadata?.name === 'podscrape-dashboard');
      assert.equal(dashboard?.metadata?.labels?.['grafana'], 'yes');
      assert.ok(JSON.parse(dashboard.data?.['podscrape.json'] ?? ''));
    }
  });

  // As Argo CD renders a chart: util/helm/cmd.go.
  const argo = ['--kube-version', '1.36.0', '--api-versions', 'v1', '--include-crds'];
  for (const flags of [[], argo, ['--is-upgrade']]) {
    const title = ['helm template', ...flags].join(' ');
    test(`nothing is there twice in what ${title} prints, and no hook but the test's`, async () => {
      const policies = [
        { name: 'a', namespaceSelector: {}, mode: 'enforce', conventions: { noBadValues: 'deny' } },
      ];
      const { stdout } = await template({ config: { policies } }, { flags });
      const objects = objectsIn(stdout);
      const names = objects.map(({ kind, metadata }) => `${kind} ${metadata?.name}`);
      assert.ok(names.includes('ValidatingWebhookConfiguration podscrape'));
      assert.equal(new Set(names).size, names.length, names.join('\n'));
      const hooks = objects.map(({ metadata }) => metadata?.annotations?.['helm.sh/hook']);
      assert.deepEqual(
        hooks.filter((hook) => hook !== undefined),
        ['test'],
      );
    });
  }
});
