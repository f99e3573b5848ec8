import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { generate } from 'selfsigned';

import { makeAuthority } from '../../../src/certificates/self-signed.ts';
import type { KeyedAuthority } from '../../../src/certificates/self-signed.ts';
import { startControlPlane } from '../control-plane.ts';
import type { ControlPlane } from '../control-plane.ts';
import { requireCluster } from '../require.ts';
import { get, startWebhook, temporaryDirectory, webhookConfig } from '../webhook.ts';
import type { Webhook } from '../webhook.ts';
import { startProxy } from './proxy.ts';
import type { Proxy } from './proxy.ts';

const HOUR = 3600_000;
const CLIENTS = ['right', 'renewed', 'otherName', 'otherCa', 'none'] as const;
type Client = (typeof CLIENTS)[number];

/** A client certificate, as an administrator makes one for the API server. */
async function clientCertificate(
  ca: KeyedAuthority,
  name: string,
): Promise<{ cert: string; private: string }> {
  return generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    algorithm: 'sha256',
    ca,
    notBeforeDate: new Date(Date.now() - HOUR),
    notAfterDate: new Date(Date.now() + HOUR),
    extensions: [{ name: 'extKeyUsage', clientAuth: true }],
  });
}

describe(
  'row 23: a client certificate of the API server required, and absent or wrong: refused; probes answered',
  await requireCluster('row 23'),
  () => {
    const folder = temporaryDirectory();
    const caFile = join(folder, 'client-ca.crt');
    const proxies = {} as Record<Client, Proxy>;
    let second: KeyedAuthority;
    let webhook: Webhook;
    let plane: ControlPlane;

    before(async () => {
      const now = new Date();
      const [ca, other] = [
        await makeAuthority({ now, life: HOUR }),
        await makeAuthority({ now, life: HOUR }),
      ];
      second = await makeAuthority({ now, life: HOUR });
      writeFileSync(caFile, ca.cert);
      const clientArgs = ['--client-ca-file', caFile, '--client-name', 'kube-apiserver', 'apiserver'];
      webhook = await startWebhook({ args: clientArgs });
      for (const client of CLIENTS) proxies[client] = await startProxy(webhook.port);
      // Behind each address the same webhook; the API server shows each another certificate.
      const certificates = {
        right: await clientCertificate(ca, 'kube-apiserver'),
        renewed: await clientCertificate(second, 'kube-apiserver'),
        otherName: await clientCertificate(ca, 'etcd'),
        otherCa: await clientCertificate(other, 'kube-apiserver'),
      };
      const users = Object.entries(certificates).map(([client, made]) => ({
        name: `127.0.0.1:${proxies[client as Client].port}`,
        user: {
          'client-certificate-data': Buffer.from(made.cert).toString('base64'),
          'client-key-data': Buffer.from(made.private).toString('base64'),
        },
      }));
      const kubeConfigFile = join(folder, 'webhook-kubeconfig.json');
      writeFileSync(kubeConfigFile, JSON.stringify({ apiVersion: 'v1', kind: 'Config', users }));
      const admission = join(folder, 'admission.json');
      const apiVersion = 'apiserver.config.k8s.io/v1';
      const configuration = { apiVersion, kind: 'WebhookAdmissionConfiguration', kubeConfigFile };
      const plugins = [{ name: 'MutatingAdmissionWebhook', configuration }];
      writeFileSync(admission, JSON.stringify({ apiVersion, kind: 'AdmissionConfiguration', plugins }));
      plane = await startControlPlane({
        controllerManager: false,
        extraApiserverArgs: [`--admission-control-config-file=${admission}`],
      });
    });
    after(async () => {
      await plane.stop();
      await Promise.all(Object.values(proxies).map((proxy) => proxy.stop()));
      await webhook.stop();
    });

    /** What the API server says to a Pod, once it calls the webhook under the client's address. */
    async function podSeenAs(client: Client) {
      const front = { url: proxies[client].url, certDir: webhook.certDir };
      const manifest = await webhookConfig(front, ['--failure-policy', 'Fail']);
      await plane.kubectl(['apply', '-f', '-'], { stdin: manifest });
      const pod = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'probe', annotations: { 'podscrape.dev/profile': 'http' } },
        spec: { containers: [{ name: 'probe', image: 'probe' }] },
      };
      return plane.waitFor(
        `a call of ${proxies[client].url}`,
        async () => {
          const { status, body } = await plane.request(
            'POST',
            '/api/v1/namespaces/default/pods?dryRun=All',
            pod,
          );
          if (status !== 201) {
            return body.message?.includes(proxies[client].url) === true && { status, message: body.message };
          }
          const injected = body.metadata?.annotations?.['prometheus.io/scrape'] === 'true';
          return injected && proxies[client].connections() > 0 && { status, message: 'injected' };
        },
        { timeoutMs: 30_000 },
      );
    }

    const refusals = () => webhook.logLines().filter(({ msg }) => msg === 'client refused');

    it('with the right one the webhook works', async () => {
      assert.deepEqual(await podSeenAs('right'), { status: 201, message: 'injected' });
      assert.deepEqual(refusals(), []);
    });

    for (const [client, reason] of [
      ['none', /shows no certificate/],
      ['otherCa', /not trusted \(.*(SELF_SIGNED|UNABLE_TO_)/],
      ['otherName', /is for etcd/],
    ] as const) {
      it(`${client}: the handshake is refused, the log says why, probes are answered`, async () => {
        const { status, message } = await podSeenAs(client);
        assert.equal(status, 500);
        assert.match(message, /failed calling webhook/);
        const line = await plane.waitFor(
          'a line for it',
          async () => {
            await podSeenAs(client);
            return refusals().find((one) => reason.test(String(one['reason'])));
          },
          { timeoutMs: 30_000, intervalMs: 500 },
        );
        assert.equal(line['level'], 'warn');
        assert.equal((await get(webhook.healthPort, '/healthz')).status, 200);
        assert.equal((await get(webhook.healthPort, '/readyz')).status, 200);
      });
    }

    it('another CA in the file is taken without a restart', async () => {
      assert.equal((await podSeenAs('renewed')).status, 500);
      writeFileSync(caFile, second.cert);
      await plane.waitFor('the CA to be followed', async () => (await podSeenAs('renewed')).status === 201, {
        timeoutMs: 30_000,
      });
      assert.equal((await podSeenAs('renewed')).message, 'injected');
    });
  },
);
