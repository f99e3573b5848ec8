import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, test } from 'node:test';

import { BUILT_IN_EXPORTERS } from '../../src/profiles/index.ts';
import { ALL_BINARIES, ensureBinaries } from './binaries.ts';
import { BINARIES, requiredVersion } from './binary-table.ts';
import { freePorts, run, startProcess } from './processes.ts';
import type { ManagedProcess } from './processes.ts';
import { ALL_DEBIAN, DEBIAN } from './software/debian-table.ts';
import { ensureDebian } from './software/debian.ts';
import { APPS, POD_IMAGES } from './software/pod-images.ts';
import type { PodImage } from './software/pod-images.ts';
import { startPostgres } from './software/postgres.ts';
import { ensurePython } from './software/python.ts';
import { startRedis } from './software/redis.ts';
import { requireSoftware } from './software/require.ts';
import { get } from './webhook.ts';

const isRoot = process.getuid?.() === 0;

/** Starts an image outside any cluster; as its user where this process may change users. */
function startImage(image: PodImage, args: readonly string[], logFile: string, env = {}): ManagedProcess {
  const [command = '', ...fixed] = image.entrypoint;
  const user = String(image.user === 'nobody' ? 65534 : (image.user ?? 0));
  const as = isRoot ? ['setpriv', `--reuid=${user}`, '--regid=65534', '--clear-groups'] : [];
  const inFolder = ['sh', '-c', 'cd "$0" && exec "$@"', image.workingDir ?? '/', command, ...fixed, ...args];
  const [first = '', ...rest] = [...as, ...inFolder];
  return startProcess({ name: command, command: first, args: rest, logFile, env: { ...image.env, ...env } });
}

/** The body of a page, once it contains a text. */
function page(server: ManagedProcess, port: number, path: string, text: string): Promise<string> {
  return server.waitFor(`${text} at ${path}`, async () => {
    const { body } = await get(port, path);
    return body.includes(text) && body;
  });
}

describe('the versions', async () => {
  const needs = { binaries: ALL_BINARIES, debian: ALL_DEBIAN };

  for (const [name, module] of [
    ['statsd_exporter', 'github.com/prometheus/statsd_exporter'],
    ['node_exporter', 'github.com/prometheus/node_exporter'],
    ['helm', 'helm.sh/helm/v3'],
  ] as const) {
    test(`${name} tells the version that go.mod pins`, await requireSoftware(name, needs), async () => {
      const { [name]: command } = await ensureBinaries([name]);
      const args = name === 'helm' ? ['version', '--template={{.Version}}\n'] : ['--version'];
      const { stdout } = await run(command, args);
      const version = pinned(name, module);
      const expected = name === 'helm' ? version : `${name}, version ${version.slice(1)} `;
      assert.ok(`${stdout.split('\n')[0]} `.startsWith(expected), stdout);
    });
  }

  for (const row of DEBIAN.filter((candidate) => 'imageTag' in candidate)) {
    test(`${row.name} tells the version of its package`, await requireSoftware(row.name, needs), async () => {
      const { [row.name]: software } = await ensureDebian([row.name]);
      const command = Object.values<string>(software.programs)[0]!;
      const { stdout, stderr } = await run(command, ['--version'], { env: software.env });
      const list =
        software.folder === undefined
          ? (await run('dpkg-query', ['-W', '-f', '${Package}=${Version}', row.package])).stdout
          : readFileSync(join(software.folder, 'packages'), 'utf8');
      const version = new RegExp(`^${row.package}=(\\d[\\d.]*)`, 'm').exec(list)?.[1];
      assert.ok(version !== undefined, list);
      assert.ok(`${stdout}${stderr}`.includes(` ${version}`), `${version}: ${stdout}${stderr}`);
    });
  }

  test('the tests run the version that each built-in exporter injects, or say which they stand for', () => {
    const tags = Object.fromEntries(
      BUILT_IN_EXPORTERS.map(({ image }) => {
        const [, name = '', tag = ''] = /([^/:]+):([^:@]+)(@.*)?$/.exec(image)!;
        return [name.replaceAll('-', '_'), tag];
      }),
    );
    const expected: Record<string, string> = {
      statsd_exporter: pinned('statsd_exporter', 'github.com/prometheus/statsd_exporter'),
      node_exporter: pinned('node_exporter', 'github.com/prometheus/node_exporter'),
    };
    for (const row of DEBIAN) if ('imageTag' in row) expected[row.name] = row.imageTag;
    assert.equal(Object.keys(expected).length, 5);
    for (const [name, version] of Object.entries(expected)) assert.equal(tags[name], version, name);
  });
});

function pinned(name: string, module: string): string {
  const row = BINARIES.find((candidate) => candidate.name === name)!;
  return requiredVersion(readFileSync(join(import.meta.dirname, 'go', row.module, 'go.mod'), 'utf8'), module);
}

describe('databases', await requireSoftware('databases', { debian: ALL_DEBIAN }), () => {
  const folder = mkdtempSync(join(tmpdir(), 'podscrape-databases-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const ignoreInstalled of [false, true]) {
    it(`PostgreSQL answers, ${ignoreInstalled ? 'fetched' : 'as it is there'}`, async (t) => {
      const { postgres: software } = await ensureDebian(['postgres'], { ignoreInstalled });
      assert.ok(!ignoreInstalled || software.folder !== undefined, 'it has been fetched');
      const postgres = await startPostgres({ ignoreInstalled });
      t.after(() => postgres.stop());
      assert.equal(await postgres.query('SELECT 1'), '1');
      const remote = "SELECT auth_method FROM pg_hba_file_rules WHERE address = 'all'";
      assert.equal(await postgres.query(remote), 'scram-sha-256', 'other Pods need the password too');
      assert.equal(statSync(`/proc/${postgres.process.pid}`).uid, isRoot ? 65534 : process.getuid!());
      await assert.rejects(
        postgres.query('SELECT 1', { user: 'postgres', password: 'not it' }),
        /password authentication failed for user "postgres"/,
      );
    });
  }

  it('Redis answers to those who know its password', async (t) => {
    const redis = await startRedis();
    t.after(() => redis.stop());
    assert.equal(await redis.command(['PING']), 'PONG');
    assert.match(await redis.command(['PING'], 'not it'), /WRONGPASS/);
    assert.match(await redis.command(['PING'], ''), /NOAUTH/);
  });

  it('their exporters reach them, with the arguments of the built-in ones', async (t) => {
    const postgres = await startPostgres();
    t.after(() => postgres.stop());
    const redis = await startRedis();
    t.after(() => redis.stop());
    const exporters = [
      {
        name: 'postgres-exporter',
        image: await POD_IMAGES['postgres-exporter'](),
        env: {
          DATA_SOURCE_URI: `127.0.0.1:${postgres.port}/postgres?sslmode=disable`,
          DATA_SOURCE_USER: postgres.user,
          DATA_SOURCE_PASS: postgres.password,
        },
        expected: '\npg_up 1\n',
      },
      {
        name: 'redis-exporter',
        image: await POD_IMAGES.redis_exporter(),
        env: { REDIS_ADDR: `redis://127.0.0.1:${redis.port}`, REDIS_PASSWORD: redis.password },
        expected: '\nredis_up 1\n',
      },
    ];
    for (const { name, image, env, expected } of exporters) {
      const [port = 0] = await freePorts(1);
      const builtIn = BUILT_IN_EXPORTERS.find((candidate) => candidate.name === name)!;
      const args = builtIn.args.map((arg) => arg.replace('{port}', String(port)));
      const exporter = startImage(image, args, join(folder, name), env);
      t.after(() => exporter.stop());
      await page(exporter, port, builtIn.path, expected);
    }
  });
});

const applications = {
  python: true,
  debian: ['redis-server', 'pushgateway'],
  binaries: ['node_exporter'],
} as const;

describe('applications', await requireSoftware('applications', applications), () => {
  const folder = mkdtempSync(join(tmpdir(), 'podscrape-applications-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('Gunicorn serves the front end, also as a user without a home', async (t) => {
    const [port = 0] = await freePorts(1);
    const args = ['-w', '2', '-b', `127.0.0.1:${port}`, 'app:app'];
    const gunicorn = startImage(await POD_IMAGES.chiller(), args, join(folder, 'gunicorn'));
    t.after(() => gunicorn.stop());
    await page(gunicorn, port, '/', 'Chiller');
    for (const [path, status] of [
      ['/movies/1', 200],
      ['/movies/99', 404],
      ['/broken', 500],
      ['/slow?ms=1', 200],
    ] as const) {
      assert.equal((await get(port, path)).status, status, path);
    }
    assert.equal((await get(port, '/metrics')).status, 404, 'the application knows nothing of metrics');
  });

  describe('a Celery worker', () => {
    let redis: Awaited<ReturnType<typeof startRedis>>;
    let pushgateway: ManagedProcess;
    let worker: ManagedProcess;
    let port = 0;
    before(async () => {
      redis = await startRedis();
      [port = 0] = await freePorts(1);
      const listen = [`--web.listen-address=127.0.0.1:${port}`];
      pushgateway = startImage(await POD_IMAGES.pushgateway(), listen, join(folder, 'pushgateway'));
      await page(pushgateway, port, '/-/ready', 'OK');
      const args = ['-A', 'tasks', 'worker', '--pool=solo', '-l', 'WARNING'];
      worker = startImage(await POD_IMAGES.celery(), args, join(folder, 'celery'), {
        REDIS_SERVICE_HOST: '127.0.0.1',
        REDIS_SERVICE_PORT: String(redis.port),
        REDIS_PASSWORD: redis.password,
        PUSHGATEWAY_URL: `http://127.0.0.1:${port}`,
      });
    });
    after(async () => {
      await worker.stop();
      await pushgateway.stop();
      await redis.stop();
    });

    it('runs a task and pushes what it counted', async () => {
      const { python } = await ensurePython();
      const ask = (task: string) =>
        run(python, ['-c', `import tasks; print(tasks.build.delay('${task}').get(timeout=30))`], {
          cwd: join(APPS, 'celery'),
          env: { CELERY_BROKER_URL: redis.url, PYTHONDONTWRITEBYTECODE: '1' },
        });
      const { stdout, stderr } = await ask('podman');
      worker.assertAlive();
      assert.equal(stdout, 'podman is built\n', stderr);
      assert.match((await ask('broken')).stderr, /ValueError: this package cannot be built/);
      const own = `instance="${hostname()}",job="packit-worker"`;
      const failed = `packit_tasks_total{${own},state="FAILURE",task="tasks.build"} 1\n`;
      const metrics = await page(pushgateway, port, '/metrics', failed);
      for (const line of [
        `packit_tasks_total{${own},state="SUCCESS",task="tasks.build"} 1`,
        `packit_task_duration_seconds_count{${own},task="tasks.build"} 2`,
      ])
        assert.ok(metrics.split('\n').includes(line), `${line}\n${metrics}`);
    });
  });

  it('node_exporter serves the collectors of the built-in profile', async (t) => {
    const [port = 0] = await freePorts(1);
    const builtIn = BUILT_IN_EXPORTERS.find(({ name }) => name === 'node-exporter')!;
    const args = builtIn.args.map((arg) => arg.replace('{port}', String(port)));
    const { node_exporter: command } = await ensureBinaries(['node_exporter']);
    const logFile = join(folder, 'node');
    const exporter = startProcess({
      name: 'node_exporter',
      command,
      args: [...args, '--collector.netdev'],
      logFile,
    });
    t.after(() => exporter.stop());
    const metrics = await page(exporter, port, '/metrics', 'node_network_receive_bytes_total{device="lo"}');
    assert.ok(!metrics.includes('node_memory_'), 'no collector that was not asked for');
  });
});
