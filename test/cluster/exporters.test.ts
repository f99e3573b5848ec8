import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { imageName } from '../../src/core/pod.ts';
import { BUILT_IN_EXPORTERS } from '../../src/profiles/index.ts';
import { ExporterStage, node, requireStage } from './exporter-stage.ts';
import { podAddress } from './kubelet/kubelet.ts';

const NAMESPACE = 'exporters';
const PROFILE = 'podscrape.dev/profile';
const ADDRESS = 'podscrape.dev/exporter-address';
const SECRET = 'podscrape.dev/exporter-secret';
const TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount';

const needs = {
  binaries: ['statsd_exporter', 'node_exporter'],
  debian: ['postgres', 'redis-server', 'pushgateway', 'postgres_exporter', 'redis_exporter'],
} as const;

/** By the names of their images. */
const EXPORTERS = [
  'node-exporter',
  'postgres-exporter',
  'pushgateway',
  'redis_exporter',
  'statsd-exporter',
] as const;

/** Sends until the exporter, which starts after the application, listens; StatsD is never answered. */
const STATSD_CLIENT = `
const { STATSD_HOST, STATSD_PORT } = process.env;
const socket = require('node:dgram').createSocket('udp4');
const send = (line) => socket.send(line, Number(STATSD_PORT), STATSD_HOST);
setInterval(() => ['stock_level:42|g', 'orders:1|c', 'checkout:20|ms'].forEach(send), 100);
process.on('SIGTERM', () => process.exit(0));
`;

/** Holds one socket that listens, and three connections to it: seven sockets. */
const SEVEN_SOCKETS = `
const { connect, createServer } = require('node:net');
createServer(() => undefined).listen(7000, '127.0.0.1', () => {
  for (let at = 0; at < 3; at++) connect(7000, '127.0.0.1');
});
process.on('SIGTERM', () => process.exit(0));
`;

/** Pushes once somebody takes it. */
const PUSHER = `
const push = async () => {
  const url = process.env.PUSHGATEWAY_URL + '/metrics/job/nightly/instance/backup';
  const body = '# TYPE backup_bytes gauge\\nbackup_bytes 42\\n';
  const { status } = await fetch(url, { method: 'PUT', body }).catch(() => ({}));
  if (status !== 200) setTimeout(push, 100);
};
push();
setInterval(() => undefined, 1000);
process.on('SIGTERM', () => process.exit(0));
`;

/**
 * The exporters start exactly as they are injected: image reference, arguments, variables, user, mounts and ports are
 * what came out of admission. Behind the references of statsd_exporter and node_exporter is the same version; behind
 * those of the three others is Debian's, which is older. Their flags and variables were compared with the sources of the
 * newer ones, and those that podscrape uses are the same:
 *
 * - pushgateway: --web.listen-address. Debian's keeps its metrics in a file unless --persistence.file is empty, as it is
 *   by itself in the image.
 * - postgres_exporter: --web.listen-address, DATA_SOURCE_NAME, _URI, _USER and _PASS, of which the first wins. With none
 *   of them, as with a DSN from a Secret that is missing, Debian's ends; the newer one warns and serves. That is why the
 *   missing Secret is tried beside an address. The newer one has more collectors on by itself.
 * - redis_exporter: --web.listen-address, REDIS_ADDR, REDIS_PASSWORD. Debian's has them as -web.listen-address too: Go's
 *   own flags take one dash or two.
 *
 * celery-exporter is to be had as an image only: what is injected for it is proven by its golden folders
 * (`test/core/golden/profile-celery`, `connection-celery-address`, `sidecar-job-celery`), not by running it.
 */
describe('the built-in exporters, as injected', await requireStage('the built-in exporters', needs), () => {
  let stage: ExporterStage;
  const password = randomBytes(18).toString('base64url');

  before(async () => {
    stage = await ExporterStage.start(NAMESPACE, [...EXPORTERS, 'postgres', 'redis']);
    const dsn = `postgresql://postgres:${password}@127.0.0.1:5432/postgres?sslmode=disable`;
    await stage.data('Secret', 'database', { password, dsn });
  });
  after(() => stage.stop());

  const secretEnv = (name: string) => ({
    name,
    valueFrom: { secretKeyRef: { name: 'database', key: 'password' } },
  });
  const postgres = { name: 'db', image: 'example.test/postgres', env: [secretEnv('POSTGRES_PASSWORD')] };
  const redis = { name: 'cache', image: 'example.test/redis', env: [secretEnv('REDIS_PASSWORD')] };

  it('all of them but celery-exporter are started here', () => {
    const images = BUILT_IN_EXPORTERS.map(({ image }) => imageName(image));
    assert.deepEqual(images.sort(), [...EXPORTERS, 'celery-exporter'].sort());
  });

  describe('statsd_exporter', () => {
    let pod: string;
    before(async () => {
      const labels = { app: 'shop' };
      await stage.create('/apis/apps/v1/{}/deployments', {
        metadata: { name: 'shop', annotations: { [PROFILE]: 'statsd' } },
        spec: {
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: { containers: [node(STATSD_CLIENT)] } },
        },
      });
      pod = await stage.podOf('shop');
    });

    it('serves what a Deployment’s application sends to STATSD_HOST and STATSD_PORT', async () => {
      await stage.scrape(pod, 'statsd-exporter', [
        'stock_level 42',
        /^orders [1-9]/,
        /^checkout_count [1-9]/,
      ]);
    });

    it('finds no token where the application has one', async () => {
      await podAddress(stage.plane, NAMESPACE, pod);
      const files = async (container: string): Promise<string[]> => {
        // From the host an absolute link, as /var/run may be one, would lead to the host's files.
        const { stdout } = await stage.kubelet.exec(NAMESPACE, pod, container, ['readlink', '-f', TOKEN]);
        const root = `/proc/${stage.kubelet.pid(NAMESPACE, pod, container)}/root`;
        return readdirSync(join(root, stdout.trim())).filter((name) => !name.startsWith('..'));
      };
      assert.deepEqual((await files('app')).sort(), ['ca.crt', 'namespace', 'token']);
      assert.deepEqual(await files('statsd-exporter'), []);
    });
  });

  describe('node_exporter', () => {
    const own = (line: string): boolean => line.startsWith('node_') && !line.startsWith('node_scrape_');

    it('tells the network figures of its Pod, and nothing of the node’s', async () => {
      await stage.ask('net', { [PROFILE]: 'node' }, { containers: [node(SEVEN_SOCKETS)] });
      const lines = await stage.scrape('net', 'node-exporter', [
        'node_netstat_Tcp_ActiveOpens 3',
        'node_sockstat_TCP_inuse 7',
        /^node_network_receive_packets_total\{device="eth0"\} [1-9]/,
      ]);
      const received = lines.flatMap(
        (line) => /^node_network_receive_bytes_total\{device="(.+)"\}/.exec(line)?.[1] ?? [],
      );
      const { stdout } = await stage.kubelet.exec(NAMESPACE, 'net', 'app', ['cat', '/proc/net/dev']);
      assert.deepEqual(received.sort(), interfaces(stdout));
      assert.notDeepEqual(received, interfaces(readFileSync('/proc/net/dev', 'utf8')), 'the host’s');
      const collectors = new Set(lines.filter(own).map((line) => line.split('_')[1]));
      assert.deepEqual([...collectors].sort(), ['exporter', 'netstat', 'network', 'sockstat']);
    });

    it('tells the node’s figures too where they are asked for, and podscrape says whose they are', async () => {
      const containers = [node(SEVEN_SOCKETS)];
      const { warnings } = await stage.ask('host', { [PROFILE]: 'node,node-host' }, { containers });
      assert.match(
        warnings.join(),
        /^podscrape\.dev\/profile: node-host: cpu, disks, load and memory are the node/,
      );
      const memory = /^MemTotal: +(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1];
      await stage.scrape('host', 'node-exporter', [
        'node_sockstat_TCP_inuse 7',
        /^node_cpu_seconds_total\{cpu="0",mode="user"\} /,
        /^node_load1 /,
        /^node_filesystem_size_bytes\{/,
        /^node_disk_/,
        `node_memory_MemTotal_bytes ${exponent(Number(memory) * 1024)}`,
      ]);
    });
  });

  it('pushgateway serves what the application pushes to PUSHGATEWAY_URL', async () => {
    await stage.ask('nightly', { [PROFILE]: 'pushgateway' }, { containers: [node(PUSHER)] });
    await stage.scrape('nightly', 'pushgateway', ['backup_bytes{instance="backup",job="nightly"} 42']);
  });

  describe('postgres_exporter', () => {
    const AT = '127.0.0.1:5432/postgres?sslmode=disable';
    const up = ['pg_up 1', /^pg_stat_database_numbackends\{.*datname="postgres".*\} [1-9]/];

    it('asks PostgreSQL with a DSN from a Secret', async () => {
      await stage.ask('dsn', { [PROFILE]: 'postgres', [SECRET]: 'database/dsn' }, { containers: [postgres] });
      await stage.scrape('dsn', 'postgres-exporter', up);
    });

    it('asks PostgreSQL at an address with a password from a Secret', async () => {
      const annotations = { [PROFILE]: 'postgres', [ADDRESS]: AT, [SECRET]: 'database/password' };
      await stage.ask('address', annotations, { containers: [postgres] });
      await stage.scrape('address', 'postgres-exporter', up);
    });

    it('keeps no Pod from becoming ready when the Secret is missing, and says that it cannot ask', async () => {
      const annotations = { [PROFILE]: 'postgres', [ADDRESS]: AT, [SECRET]: 'none/password' };
      await stage.ask('no-secret', annotations, { containers: [postgres] });
      await stage.scrape('no-secret', 'postgres-exporter', ['pg_up 0']);
    });
  });

  describe('redis_exporter', () => {
    it('asks Redis with a password from a Secret', async () => {
      const annotations = { [PROFILE]: 'redis', [SECRET]: 'database/password' };
      await stage.ask('cache', annotations, { containers: [redis] });
      await stage.scrape('cache', 'redis-exporter', ['redis_up 1', /^redis_connected_clients [1-9]/]);
    });

    it('keeps no Pod from becoming ready when the Secret is missing, and says that it cannot ask', async () => {
      const annotations = { [PROFILE]: 'redis', [SECRET]: 'none/password' };
      await stage.ask('no-password', annotations, { containers: [redis] });
      await stage.scrape('no-password', 'redis-exporter', [
        'redis_up 0',
        /^redis_exporter_last_scrape_error\{err="NOAUTH/,
      ]);
    });
  });
});

/** The names in a /proc/net/dev, sorted. */
function interfaces(table: string): string[] {
  return Array.from(table.matchAll(/^ *([^\s:]+):/gm), ([, name = '']) => name).sort();
}

/** As Go writes a number in the text format. */
function exponent(value: number): string {
  return value.toExponential().replace(/e\+(\d)$/, 'e+0$1');
}
