import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { BUILT_IN_PROFILES } from '../../src/profiles/index.ts';
import { engineConfig } from '../core/support.ts';
import { inject } from '../../src/core/inject.ts';
import type { Pod } from '../../src/core/kubernetes.ts';
import { ensureBinaries } from './binaries.ts';
import { startProcess } from './processes.ts';
import type { ManagedProcess } from './processes.ts';
import { requireCluster } from './require.ts';
import { waitFor } from './wait.ts';
import { get } from './webhook.ts';

const pod: Pod = {
  metadata: { annotations: { 'podscrape.dev/profile': 'gunicorn' } },
  spec: { containers: [{ name: 'web', image: 'example.com/web:1' }] },
};

describe(
  'the injected statsd_exporter, really started',
  await requireCluster('statsd_exporter', ['statsd_exporter']),
  () => {
    const injected = inject(pod, { namespace: 'shop', trigger: 'object' }, engineConfig()).pod;
    const container = injected.spec.containers[1]!;
    const directory = mkdtempSync(join(tmpdir(), 'podscrape-statsd-'));
    let exporter: ManagedProcess;

    before(async () => {
      const { statsd_exporter: command } = await ensureBinaries(['statsd_exporter']);
      // What the kubelet does with the downwardAPI volume: the annotation's value becomes a file at the mount path. No
      // mount here, so that the folder stands in for `/`; every argument is otherwise the injected one.
      const mount = container.volumeMounts!.find(({ name }) => name === 'podscrape-mapping')!;
      mkdirSync(join(directory, mount.mountPath), { recursive: true });
      const mapping = injected.metadata!.annotations!['podscrape.dev/mapping']!;
      writeFileSync(join(directory, mount.mountPath, 'mapping.yaml'), mapping);
      const args = container.args!.map((arg) =>
        arg.replace(mount.mountPath, join(directory, mount.mountPath)),
      );
      const env = Object.fromEntries(container.env!.map(({ name, value }) => [name, value]));
      exporter = startProcess({
        name: 'statsd_exporter',
        command,
        args,
        logFile: join(directory, 'log'),
        env,
      });
      await exporter.waitFor('readiness', async () => (await get(9102, '/-/ready')).status === 200);
    });
    after(async () => {
      await exporter.stop();
      rmSync(directory, { recursive: true, force: true });
    });

    it('answers /-/ready and /-/healthy on the declared port', async () => {
      assert.equal(container.ports?.[0]?.containerPort, 9102);
      assert.equal((await get(9102, '/-/ready')).status, 200);
      assert.equal((await get(9102, '/-/healthy')).status, 200);
    });

    it('turns Gunicorn’s packets, sent to the injected address, into the mapped names', async () => {
      const args = injected.spec.containers[0]!.env!.find(({ name }) => name === 'GUNICORN_CMD_ARGS')!.value!;
      const [, host, port] = /^--statsd-host=(.+):(\d+)$/.exec(args)!;
      await send(host!, Number(port), [
        'gunicorn.requests:3|c|@1.0',
        'gunicorn.request.duration:20.5|ms',
        'gunicorn.request.status.200:3|c|@1.0',
        'gunicorn.workers:2|g',
        'shop.front.gunicorn.requests:5|c|@1.0',
        'shop.front.gunicorn.log.error:1|c|@1.0',
        'gunicorn.backlog:7|ms',
      ]);
      const text = await waitFor('the packets to be counted', async () => {
        const { body } = await get(9102, '/metrics');
        return body.includes('gunicorn_backlog_connections_count') && body;
      });
      const lines = text.split('\n');
      for (const expected of [
        'gunicorn_requests_total{prefix=""} 3',
        'gunicorn_requests_total{prefix="shop.front"} 5',
        'gunicorn_responses_total{prefix="",status="200"} 3',
        'gunicorn_workers{prefix=""} 2',
        'gunicorn_log_messages_total{level="error",prefix="shop.front"} 1',
        'gunicorn_request_duration_seconds_count{prefix=""} 1',
        'gunicorn_request_duration_seconds_sum{prefix=""} 0.0205',
        'gunicorn_request_duration_seconds_bucket{prefix="",le="0.025"} 1',
        'gunicorn_request_duration_seconds_bucket{prefix="",le="0.01"} 0',
      ]) {
        assert.ok(
          lines.includes(expected),
          `${expected}\n${lines.filter((line) => line.startsWith('gunicorn')).join('\n')}`,
        );
      }
      assert.ok(lines.includes('statsd_exporter_events_unmapped_total 0'));
    });

    it('accepts every built-in mapping with --check-config', async () => {
      const { statsd_exporter: command } = await ensureBinaries(['statsd_exporter']);
      const mappings = BUILT_IN_PROFILES.flatMap(({ exporter }) => exporter?.mapping ?? []);
      assert.ok(mappings.length > 0);
      for (const [index, mapping] of [...mappings, 'mappings: [broken'].entries()) {
        const file = join(directory, `mapping-${index}.yaml`);
        writeFileSync(file, mapping);
        const check = startProcess({
          name: 'check',
          command,
          args: ['--check-config', `--statsd.mapping-config=${file}`],
          logFile: join(directory, 'check-log'),
        });
        const exit = await waitFor('the check to end', () => check.exit);
        assert.equal(exit.code === 0, index < mappings.length, check.tail());
      }
    });
  },
);

/** Sends each line as a UDP packet of its own, as Gunicorn does. */
async function send(host: string, port: number, lines: readonly string[]): Promise<void> {
  const socket = createSocket('udp4');
  try {
    for (const line of lines) {
      await new Promise<void>((resolve, reject) => {
        socket.send(line, port, host, (error) => (error === null ? resolve() : reject(error)));
      });
    }
  } finally {
    socket.close();
  }
}
