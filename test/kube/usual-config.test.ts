import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';

import { KubeConfigError, loadKubeConfig, usualKubeConfig } from '../../src/kube/config.ts';
import { file, temporaryFolder } from '../certificates/tools.ts';

suite('the kubeconfig that kubectl would take', () => {
  test('KUBECONFIG, whether it is there or not, before ~/.kube/config', async (t) => {
    const HOME = temporaryFolder(t);
    assert.equal(await usualKubeConfig({ HOME }), undefined);
    mkdirSync(join(HOME, '.kube'));
    const own = file(join(HOME, '.kube'), 'config', '');
    assert.equal(await usualKubeConfig({ HOME }), own);
    assert.equal(await usualKubeConfig({ HOME, KUBECONFIG: '' }), own);
    assert.equal(await usualKubeConfig({ HOME, KUBECONFIG: '/none' }), '/none');
  });

  test('several files, which kubectl merges, are refused with the remedy', async () => {
    await assert.rejects(
      usualKubeConfig({ KUBECONFIG: '/a:/b' }),
      new KubeConfigError('KUBECONFIG names several files; give one with --kubeconfig FILE'),
    );
  });
});

suite('the namespace that is meant where none is named', () => {
  test('of a context', async (t) => {
    const context = (name: string, namespace: string): string =>
      `- {name: ${name}, context: {cluster: far, user: ann${namespace}}}\n`;
    const kubeconfig = file(
      temporaryFolder(t),
      'config',
      `current-context: plain
clusters: [{name: far, cluster: {server: "https://k8s.example.com"}}]
users: [{name: ann, user: {token: abc}}]
contexts:
${context('plain', '')}${context('shop', ', namespace: shop')}${context('empty', ', namespace: ""')}`,
    );
    const namespaces = await Promise.all(
      ['plain', 'shop', 'empty'].map(
        async (name) => (await loadKubeConfig({ kubeconfig, context: name })).namespace,
      ),
    );
    assert.deepEqual(namespaces, [undefined, 'shop', undefined]);
  });

  test('of a Pod, which its ServiceAccount says', async (t) => {
    const serviceAccount = temporaryFolder(t);
    file(serviceAccount, 'token', 'one');
    file(serviceAccount, 'ca.crt', 'CA');
    const env = { KUBERNETES_SERVICE_HOST: '10.96.0.1' };
    assert.equal((await loadKubeConfig({ env, serviceAccount })).namespace, undefined);
    file(serviceAccount, 'namespace', 'shop\n');
    assert.equal((await loadKubeConfig({ env, serviceAccount })).namespace, 'shop');
  });
});
