import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { needsRestart, needsWebhookConfig } from '../../src/config/changes.ts';
import { effectiveConfig } from '../../src/config/effective.ts';
import type { ConfigFile } from '../../src/config/schema.ts';

const policy = { name: 'a', namespaceSelector: { matchLabels: { team: 'a' } } };
const exemption = { selector: policy.namespaceSelector, until: '2027-01-31', reason: 'goes away' };
const before = effectiveConfig({ policies: [policy] });

suite('what a new file needs beside itself', () => {
  const rows: [file: ConfigFile, restart: string[], webhookConfig: string[]][] = [
    [{}, [], []],
    [{ server: { bodyLimitBytes: 65536, drainSeconds: 1 } }, ['server.bodyLimitBytes'], []],
    [{ server: { drainSeconds: 1 }, logging: { level: 'debug' }, adopt: 'on', openshift: true }, [], []],
    [{ metrics: { namespaceLabel: true } }, ['metrics.namespaceLabel'], []],
    [{ annotationPrefix: 'example.com' }, [], ['annotationPrefix']],
    [{ optIn: 'label', workloads: 'off' }, [], ['optIn', 'workloads']],
    [{ workloadKinds: [{ group: 'a.b', version: 'v1', kind: 'C', resource: 'cs' }] }, [], ['workloadKinds']],
    [{ excludedNamespaces: ['vault'] }, [], ['excludedNamespaces']],
    [{ profiles: { http: { target: { port: 9000 } }, a: { target: { port: 1 } } } }, [], []],
    [{ exporters: { 'statsd-exporter': { port: 9202 } } }, [], []],
    [{ policies: [] }, [], ['policies']],
    [{ policies: [{ ...policy, mode: 'enforce' }] }, [], ['policies']],
    [{ policies: [{ ...policy, conventions: { requireRequest: 'deny' } }] }, [], ['policies']],
    [{ policies: [{ ...policy, name: 'b', exemptions: [exemption] }] }, [], []],
  ];
  for (const [file, restart, webhookConfig] of rows) {
    test(JSON.stringify(file), () => {
      const after = effectiveConfig({ policies: [policy], ...file });
      assert.deepEqual(needsRestart(before, after), restart);
      assert.deepEqual(needsWebhookConfig(before, after), webhookConfig);
    });
  }
});
