// What values are taken, and what Helm says of those that are not.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';

import fc from 'fast-check';
import { parse } from 'yaml';

import { effectiveConfig } from '../../src/config/effective.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { wholeFile } from '../../scripts/docs-configuration.ts';
import { CHART, helm, only, refusal, render, requireHelm, valuesFile } from './helm.ts';
import type { Values } from './helm.ts';
import { container, podTemplate } from './pod-template.ts';

suite('the chart’s values', await requireHelm('the chart’s values'), () => {
  test('helm lint has nothing to say', async () => {
    const { code, stdout, stderr } = await helm(['lint', '--strict', CHART]);
    assert.equal(code, 0, stdout + stderr);
    assert.doesNotMatch(stdout, /WARNING|ERROR/);
  });

  test('chart and application have the version of the package', () => {
    const { version, appVersion } = parse(readFileSync(join(CHART, 'Chart.yaml'), 'utf8')) as Values;
    const wanted = (
      JSON.parse(readFileSync(join(CHART, '../../package.json'), 'utf8')) as { version: string }
    ).version;
    assert.deepEqual({ version, appVersion }, { version: wanted, appVersion: wanted });
  });

  const refused: readonly (readonly [values: Values, ...parts: string[]])[] = [
    [{ replica: 3 }, "'replica'"],
    [{ webhook: { failurepolicy: 'Fail' } }, '/webhook', "'failurepolicy'"],
    [{ webhook: { failurePolicy: 'fail' } }, '/webhook/failurePolicy', "'Ignore', 'Fail'"],
    [{ config: { optin: 'label' } }, '/config', "'optin'"],
    [{ config: { optIn: 'labels' } }, '/config/optIn', "'annotation', 'label', 'namespace'"],
    [
      { config: { policies: [{ name: 'a', namespaceSelector: {}, mod: 'warn' }] } },
      '/config/policies/0',
      "'mod'",
    ],
    [{ config: { profiles: { a: { summary: 'two\nlines' } } } }, '/config/profiles/a/summary'],
    [{ config: { server: { drainSeconds: 601 } } }, '/config/server/drainSeconds'],
    [{ port: 443 }, '/port', '1,024'],
    [{ certificates: { mode: 'self' } }, '/certificates/mode', "'own', 'certManager', 'secret'"],
    [{ certificates: { mode: 'secret', secretName: 'a', caBundle: 'nonsense' } }, '/certificates/caBundle'],
    [{ image: { digest: 'sha256:1' } }, '/image/digest'],
    [{ webhook: { timeoutSeconds: 31 } }, '/webhook/timeoutSeconds', '30'],
    // What only several values together tell.
    [
      { replicas: 1, webhook: { failurePolicy: 'Fail' } },
      'webhook.failurePolicy is Fail and replicas is 1',
      'Set replicas to 2 or more, or webhook.failurePolicy to Ignore',
    ],
    [
      { replicas: 1, webhook: { validatingFailurePolicy: 'Fail' }, port: 8080 },
      'webhook.validatingFailurePolicy is Fail and replicas is 1',
      'port and healthPort are both 8080',
    ],
    [{ service: { port: 9090 }, healthPort: 9090 }, 'service.port and healthPort are both 9090'],
    [{ extraArgs: ['--host=::', '--port', '10250'] }, 'extraArgs has "--port"', 'set port instead'],
    [{ extraArgs: ['--tls-cert=a.pem'] }, 'extraArgs has "--tls-cert=a.pem"', 'set certificates instead'],
    // The API server's default, Fail, would come in the place of the chart's.
    [
      { webhook: { failurePolicy: null } },
      'stand: webhook.failurePolicy. Leave',
      '--reset-then-reuse-values',
    ],
    [
      { monitor: null, replicas: null, scrapeAnnotations: null },
      'replicas, scrapeAnnotations, monitor.kind.',
    ],
    [{ certificates: { mode: 'secret' } }, 'certificates.secretName is empty: name the Secret'],
    [{ certificates: { secretName: 'mine' } }, 'which only mode secret reads', 'set the mode to secret'],
    [
      { certificates: { caBundle: '-----BEGIN CERTIFICATE-----' } },
      'certificates.caBundle is set, which only mode secret reads',
    ],
    [
      { config: { server: { drainSeconds: 40 } } },
      'podscrape serves on for 40 s (config.server.drainSeconds)',
      'set it to 55 or more',
    ],
    [{ terminationGracePeriodSeconds: 29 }, 'podscrape serves on for 15 s', 'set it to 30 or more'],
    [{ webhook: { clientCA: { names: ['kube-apiserver'] } } }, 'without an authority that vouches for them'],
    [{ webhook: { clientCA: { secret: 'a', configMap: 'b' } } }, 'are both set'],
    [{ hostNetwork: 'yes' }, '/hostNetwork', 'boolean'],
    [{ openshift: 1 }, '/openshift', 'boolean'],
    [{ prometheusRule: { runbookURL: 'docs/runbook.md' } }, '/prometheusRule/runbookURL'],
    [
      { hostNetwork: true, networkPolicy: { webhookFrom: ['10.0.0.0/28'] } },
      'a NetworkPolicy does not apply',
      'Leave those out',
    ],
    [{ hostNetwork: true, networkPolicy: { metricsFrom: [{}] } }, 'a NetworkPolicy does not apply'],
  ];
  for (const [values, ...parts] of refused) {
    test(`refused: ${JSON.stringify(values)}`, async () => {
      const message = await refusal(values);
      for (const part of parts) assert.ok(message.includes(part), `${part} is not in: ${message}`);
    });
  }

  for (const release of ['my.release', '2nd']) {
    test(`refused: release ${release}, of which no Service can be named`, async () => {
      assert.match(await refusal({}, { release }), /set fullnameOverride/);
      assert.ok(await render({ fullnameOverride: 'podscrape' }, { release }));
    });
  }

  test('an older Kubernetes is refused with the version that it takes', async () => {
    const { code, stderr } = await helm(['template', 'a', CHART, '--kube-version', '1.29.0']);
    assert.equal(code, 1);
    assert.match(stderr, />=1\.30\.0-0/);
  });

  const taken: readonly Values[] = [
    { replicas: 1 },
    { global: { anything: true } },
    { enabled: true },
    { labels: null, annotations: null, podLabels: null, podAnnotations: null, extraArgs: null },
    {
      webhook: { labels: null, annotations: null },
      service: { labels: null, annotations: null },
      serviceAccount: { annotations: null },
    },
    {
      monitor: { enabled: true, labels: null, annotations: null, interval: null },
      prometheusRule: { enabled: true, labels: null, annotations: null, runbookURL: null },
      dashboard: { enabled: true, annotations: null, labelValue: '' },
    },
    { config: null },
    { webhook: { failurePolicy: 'Fail' }, replicas: 2 },
    { config: { server: { drainSeconds: 0 } }, terminationGracePeriodSeconds: 15 },
    { podSecurityContext: { runAsUser: null } },
    { podSecurityContext: null, openshift: true, affinity: null, hostNetwork: true },
    { hostNetwork: true, networkPolicy: { enabled: false, webhookFrom: ['10.0.0.0/28'] } },
  ];
  for (const values of taken) {
    test(`taken: ${JSON.stringify(values)}`, async () => assert.ok((await render(values)).length > 5));
  }

  test('taken: what the README shows', async () => {
    const readme = readFileSync(join(CHART, 'README.md'), 'utf8');
    const [, example = ''] = /^```yaml\n([\s\S]*?)^```$/m.exec(readme) ?? [];
    assert.equal((only(await render(parse(example) as Values), 'Deployment').spec as Values)['replicas'], 3);
  });

  test('annotations of Pods that are the chart’s own: those given hold, but for the mark of a restart', async () => {
    const own = podTemplate(await render({})).metadata.annotations;
    const podAnnotations = { 'prometheus.io/scrape': 'false', 'checksum/restart': 'x' };
    const annotations = { 'prometheus.io/scrape': 'x', 'prometheus.io/path': '/m' };
    const given = podTemplate(await render({ podAnnotations, annotations })).metadata.annotations;
    assert.deepEqual(given, { ...own, 'prometheus.io/scrape': 'false', 'prometheus.io/path': '/m' });
  });

  test('names that YAML could read as something else', async () => {
    const objects = await render({
      nameOverride: 'null',
      fullnameOverride: 'true',
      serviceAccount: { create: false, name: '1e3' },
      priorityClassName: 'yes',
      certificates: { mode: 'secret', secretName: '0123' },
      webhook: { clientCA: { secret: '12', names: ['a: b', 'c #d'] } },
    });
    const { metadata } = only(objects, 'Service');
    assert.deepEqual([metadata?.name, metadata?.labels?.['app.kubernetes.io/name']], ['true', 'null']);
    const { serviceAccountName, priorityClassName, volumes } = podTemplate(objects).spec;
    assert.deepEqual([serviceAccountName, priorityClassName], ['1e3', 'yes']);
    assert.deepEqual(
      volumes.map(
        ({ configMap, secret }) =>
          (configMap as Values | undefined)?.['name'] ?? (secret as Values)['secretName'],
      ),
      ['true', '0123', '12'],
    );
    assert.deepEqual(container(objects).args.slice(-2), ['--client-name=a: b', '--client-name=c #d']);
    for (const kind of ['RoleBinding', 'ClusterRoleBinding']) {
      for (const one of objects.filter((object) => object.kind === kind))
        assert.equal((one as { subjects?: readonly Values[] }).subjects?.[0]?.['name'], '1e3');
    }
  });

  suite('the configuration file', () => {
    test('has every key as it was given, and podscrape takes it', async () => {
      const config = parse(wholeFile()) as Values;
      const text = only(await render({ config }), 'ConfigMap').data?.['config.yaml'] ?? '';
      assert.deepEqual(parse(text), config);
      const parsed = parseConfig(text, 'config.yaml');
      assert.ok(parsed.ok);
      const meant = parseConfig(wholeFile(), 'config.yaml');
      assert.ok(meant.ok);
      assert.equal(effectiveConfig(parsed.file).engine.hash, effectiveConfig(meant.file).engine.hash);
    });

    test('keeps null, which takes out what comes with podscrape', async () => {
      const config = { profiles: { gunicorn: { interval: null } } };
      const text = only(await render({ config }), 'ConfigMap').data?.['config.yaml'] ?? '';
      assert.deepEqual(parse(text), config);
    });

    test('keeps texts that YAML could read as something else', async () => {
      const odd = [
        ...['yes', 'off', 'null', '~', '08', '0o7', '0x1f', '1e3', '.5', '1_000', '12:30:45', '2027-01-31'],
        ...['=', '<<', '*a', '&a', '!a', '- a', 'a: b', 'a #b', '{{ .Values }}', '<&>', ' a ', 'é😀'],
      ];
      const random = fc.sample(fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }), {
        numRuns: 400,
        seed: 7,
      });
      const texts = [...odd, ...random.filter((text) => /^[^\0-\x1f\x7f-\x9f]+$/.test(text))];
      const profiles = Object.fromEntries(
        texts.map((summary, index) => [`p${index}`, { summary, target: { port: 8080 } }]),
      );
      const path = valuesFile({ config: { profiles } });
      assert.deepEqual(parse(readFileSync(path, 'utf8')), { config: { profiles } });
      const text = only(await render({ config: { profiles } }), 'ConfigMap').data?.['config.yaml'] ?? '';
      assert.deepEqual(parse(text), { profiles });
    });
  });
});
