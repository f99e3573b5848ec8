import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { reaching, scrapeConfig, targetsUp, untilRows, withPrometheus } from './chain-stage.ts';
import { certificate, createPod, everySecond, forbidden } from './chain-tools.ts';
import { startControlPlane } from './control-plane.ts';
import type { ControlPlane } from './control-plane.ts';
import { serviceAccountToken } from './prometheus/cluster.ts';
import { requirePrometheus } from './prometheus/require.ts';

const suite = 'Packit’s other cluster, through to a query';

/** A second cluster, which the Prometheus of the first reaches from without: with a token, or with a certificate. */
describe(suite, await requirePrometheus(suite, { cluster: true }), () => {
  const CLIENT = 'prometheus-of-another-cluster';
  const folder = mkdtempSync(join(tmpdir(), 'podscrape-packit-'));
  let plane: ControlPlane;
  let server: Server;

  before(async () => {
    const made = await certificate({ client: CLIENT });
    for (const name of ['ca', 'cert', 'key'] as const)
      writeFileSync(join(folder, name), made[name], { mode: 0o600 });
    plane = await startControlPlane({
      controllerManager: false,
      extraApiserverArgs: [`--client-ca-file=${join(folder, 'ca')}`],
    });
    server = createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' });
      response.end('# TYPE packit_api_requests_total counter\npackit_api_requests_total 9\n');
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    await runElsewhere(plane, (server.address() as AddressInfo).port);
    const stdin = await scrapeConfig(['--print-rbac', '--service-account', 'packit/prometheus']);
    await plane.kubectl(['apply', '-f', '-'], { stdin });
    await plane.kubectl(['-n', 'packit', 'create', 'serviceaccount', 'prometheus']);
  });
  after(async () => {
    server.closeAllConnections();
    server.close();
    await plane.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const found = (config: string): Promise<void> =>
    withPrometheus(everySecond(config), async (prometheus) => {
      await targetsUp(prometheus, 1);
      await untilRows(prometheus, 'packit_api_requests_total', ['namespace', 'pod'], ['packit api 9']);
    });

  it('is discovered with a token of its own', async () => {
    const token = await serviceAccountToken(plane, 'packit', 'prometheus');
    await found(await scrapeConfig(reaching(plane, token)));
  });

  it('is discovered with a client certificate, whose name has the rights', async () => {
    const files = ['--cert-file', join(folder, 'cert'), '--key-file', join(folder, 'key')];
    const config = await scrapeConfig(['--api-server', plane.url, '--ca-file', plane.caFile, ...files]);
    await withPrometheus(config, (prometheus) => forbidden(prometheus, CLIENT));
    const role = ['--clusterrole=podscrape:packit:prometheus', `--user=${CLIENT}`];
    await plane.kubectl(['create', 'clusterrolebinding', 'by-certificate', ...role]);
    await found(config);
  });
});

/** A Pod that this process serves the metrics of: nothing runs Pods there. */
async function runElsewhere(plane: ControlPlane, port: number): Promise<void> {
  await plane.createNamespace('packit');
  const annotations = { 'prometheus.io/scrape': 'true', 'prometheus.io/port': String(port) };
  const metadata = { namespace: 'packit', name: 'api', annotations };
  await createPod(plane, metadata, {
    containers: [{ name: 'api', image: 'example.test/packit-service', ports: [{ containerPort: port }] }],
  });
  const status = { phase: 'Running', podIP: '127.0.0.1', podIPs: [{ ip: '127.0.0.1' }] };
  const path = '/api/v1/namespaces/packit/pods/api/status';
  const { status: code, body } = await plane.request('PATCH', path, { status });
  assert.equal(code, 200, body.message);
}
