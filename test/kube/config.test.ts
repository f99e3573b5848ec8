import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { suite, test } from 'node:test';

import { KubeConfigError, loadKubeConfig } from '../../src/kube/config.ts';
import type { KubeConfigOptions } from '../../src/kube/config.ts';
import { file, temporaryFolder } from '../certificates/tools.ts';

const KUBECONFIG = `apiVersion: v1
kind: Config
current-context: prod
clusters:
  - {name: far, cluster: {server: "https://k8s.example.com/clusters/a/"}}
  - {name: clear, cluster: {server: "http://127.0.0.1:8001"}}
  - {name: nowhere, cluster: {server: localhost}}
  - {name: behind, cluster: {server: "https://k8s.example.com", proxy-url: "http://proxy.example.com:3128"}}
users:
  - {name: ann, user: {token: abc}}
  - {name: ben, user: {client-certificate: ben.crt}}
contexts:
  - {name: prod, context: {cluster: far, user: ann}}
  - {name: proxy, context: {cluster: clear, user: ann}}
  - {name: broken, context: {cluster: nowhere, user: ann}}
  - {name: certificate, context: {cluster: far, user: ben}}
  - {name: nobody, context: {cluster: far, user: bob}}
  - {name: no-cluster, context: {cluster: gone, user: ann}}
  - {name: behind, context: {cluster: behind, user: ann}}
`;

async function refusal(options: KubeConfigOptions): Promise<string> {
  const error: unknown = await loadKubeConfig(options).then(
    () => assert.fail('it was accepted'),
    (error: unknown) => error,
  );
  if (!(error instanceof KubeConfigError)) throw error as Error;
  return error.message;
}

suite('in a Pod', () => {
  const env = { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '6443' };

  test('the ServiceAccount, its files read anew each time', async (t) => {
    const serviceAccount = temporaryFolder(t);
    file(serviceAccount, 'token', 'one\n');
    file(serviceAccount, 'ca.crt', 'CA 1');
    const api = await loadKubeConfig({ env, serviceAccount });
    assert.deepEqual([api.url, api.source], ['https://10.96.0.1:6443', "the Pod's ServiceAccount"]);
    assert.deepEqual(await api.credentials(), { ca: 'CA 1', headers: { authorization: 'Bearer one' } });
    file(serviceAccount, 'token', 'two');
    file(serviceAccount, 'ca.crt', 'CA 2');
    assert.deepEqual(await api.credentials(), { ca: 'CA 2', headers: { authorization: 'Bearer two' } });
  });

  test('an IPv6 address has brackets in a URL, and 443 is the port unless said otherwise', async (t) => {
    const serviceAccount = temporaryFolder(t);
    file(serviceAccount, 'token', 'one');
    file(serviceAccount, 'ca.crt', 'CA');
    const { url } = await loadKubeConfig({ env: { KUBERNETES_SERVICE_HOST: 'fd00::1' }, serviceAccount });
    assert.equal(url, 'https://[fd00::1]:443');
  });

  test('without a token, the remedy', async (t) => {
    const serviceAccount = temporaryFolder(t);
    assert.equal(
      await refusal({ env, serviceAccount }),
      `${serviceAccount}/token: there is no such file; set automountServiceAccountToken: true, or give --kubeconfig FILE`,
    );
    file(serviceAccount, 'token', 'one');
    assert.match(await refusal({ env, serviceAccount }), /\/ca\.crt: there is no such file; /);
  });
});

test('neither in a Pod nor told of a file', async () => {
  const told = 'no API server: not in a Pod (KUBERNETES_SERVICE_HOST is not set); give --kubeconfig FILE';
  assert.equal(await refusal({ env: {} }), told);
  assert.equal(await refusal({ env: { KUBERNETES_SERVICE_HOST: '' } }), told);
  assert.equal(await refusal({ env: {}, context: 'prod' }), '--context needs --kubeconfig FILE');
});

suite('a kubeconfig file', () => {
  test('the current context, or another', async (t) => {
    const kubeconfig = file(temporaryFolder(t), 'config', KUBECONFIG);
    // Also in a Pod: what was asked for counts.
    const env = { KUBERNETES_SERVICE_HOST: '10.96.0.1' };
    const api = await loadKubeConfig({ kubeconfig, env });
    assert.equal(api.url, 'https://k8s.example.com/clusters/a');
    assert.equal(api.source, `${kubeconfig}, context "prod"`);
    // No agent: client-node's would keep the first CA and client certificate for ever.
    assert.deepEqual(await api.credentials(), { headers: { Authorization: 'Bearer abc' } });
    const { agent } = await (await loadKubeConfig({ kubeconfig, context: 'behind' })).credentials();
    assert.equal(typeof agent, 'object', 'a proxy needs one');
  });

  test('paths are relative to the file, and certificates are read anew each time', async (t) => {
    const folder = temporaryFolder(t);
    const kubeconfig = file(folder, 'config', KUBECONFIG);
    file(folder, 'ben.crt', 'one');
    const api = await loadKubeConfig({ kubeconfig, context: 'certificate' });
    assert.equal(String((await api.credentials()).cert), 'one');
    file(folder, 'ben.crt', 'two');
    assert.equal(String((await api.credentials()).cert), 'two');
  });

  const refused: [name: string, content: string, options: KubeConfigOptions, message: string][] = [
    [
      'no YAML',
      'a: [',
      {},
      'FILE: no kubeconfig (unexpected end of the stream within a flow collection (1:5)); give another with --kubeconfig FILE',
    ],
    [
      'empty',
      '',
      {},
      'FILE: no kubeconfig (expected a document, but the input is empty); give another with --kubeconfig FILE',
    ],
    ['no contexts', 'kind: Config\n', {}, 'FILE: no contexts; add one with kubectl config'],
    [
      'no current context',
      KUBECONFIG.replace(/current.*\n/, ''),
      {},
      'FILE: no current-context; choose prod, proxy, broken, certificate, nobody or 2 more with --context',
    ],
    ['a misspelt context', KUBECONFIG, { context: 'prd' }, 'FILE: no context "prd"; did you mean prod?'],
    [
      'an unknown context',
      KUBECONFIG,
      { context: 'staging-eu' },
      'FILE: no context "staging-eu"; there is prod, proxy, broken, certificate, nobody or 2 more',
    ],
    [
      'a context without user',
      KUBECONFIG,
      { context: 'nobody' },
      'FILE: context "nobody" names a user that is not there',
    ],
    [
      'a context without cluster',
      KUBECONFIG,
      { context: 'no-cluster' },
      'FILE: context "no-cluster" names a cluster that is not there',
    ],
    ['no URL', KUBECONFIG, { context: 'broken' }, 'FILE: server "localhost" is no https:// URL'],
    [
      'not https',
      KUBECONFIG,
      { context: 'proxy' },
      'FILE: server "http://127.0.0.1:8001" is not https; set insecure-skip-tls-verify: true to allow it',
    ],
    [
      'a certificate that is not there',
      KUBECONFIG,
      { context: 'certificate' },
      'DIR/ben.crt: there is no such file; FILE names it',
    ],
  ];
  for (const [name, content, options, message] of refused) {
    test(`refused: ${name}`, async (t) => {
      const folder = temporaryFolder(t);
      const kubeconfig = file(folder, 'config', content);
      const said = await refusal({ ...options, kubeconfig });
      assert.equal(said.replaceAll(kubeconfig, 'FILE').replaceAll(folder, 'DIR'), message);
    });
  }

  test('refused: no such file, or a folder', async (t) => {
    const folder = temporaryFolder(t);
    const missing = join(folder, 'none');
    assert.equal(
      await refusal({ kubeconfig: missing }),
      `${missing}: there is no such file; give another with --kubeconfig FILE`,
    );
    assert.equal(
      await refusal({ kubeconfig: folder }),
      `${folder}: is a directory; a file is wanted; give another with --kubeconfig FILE`,
    );
  });
});

test('client-node is not imported before a kubeconfig file is read: it costs 85 MB', () => {
  const source = join(import.meta.dirname, '..', '..', 'src', 'kube');
  // The package is CommonJS in part; what of it was loaded shows there.
  const script = `
    import { createRequire } from 'node:module';
    await import(${JSON.stringify(join(source, 'config.ts'))});
    await import(${JSON.stringify(join(source, 'namespaces.ts'))});
    const { cache } = createRequire(import.meta.url);
    console.log(Object.keys(cache).filter((name) => name.includes('node_modules/undici/')).length);
    const { loadKubeConfig } = await import(${JSON.stringify(join(source, 'config.ts'))});
    await loadKubeConfig({ kubeconfig: process.argv[1] }).catch(() => undefined);
    console.log(Object.keys(cache).some((name) => name.includes('node_modules/undici/')));`;
  const args = ['--input-type=module', '-e', script, join(import.meta.dirname, 'config.test.ts')];
  assert.equal(execFileSync(process.execPath, args, { encoding: 'utf8' }), '0\ntrue\n');
});
