import assert from 'node:assert/strict';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { run } from '../cluster/processes.ts';
import { ensurePython } from '../cluster/software/python.ts';
import { requireSoftware } from '../cluster/software/require.ts';
import { skipOrFail } from '../cluster/require.ts';
import { BUILD_PATH, buildBase, runtimeBase } from './base-images.ts';
import { startBuilder } from './builder.ts';
import type { Builder } from './builder.ts';
import { startContained } from './contained.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const IMAGE = 'localhost/podscrape';

describe('the Dockerfile', await requireSoftware('hadolint', { python: true }), () => {
  it('hadolint has nothing to say', async () => {
    const { bin } = await ensurePython();
    assert.deepEqual(await run(join(bin, 'hadolint'), [join(ROOT, 'Dockerfile')]), {
      code: 0,
      stdout: '',
      stderr: '',
    });
  });
});

describe('the image', await requireImages(), () => {
  const folder = mkdtempSync(join(tmpdir(), 'podscrape-image-'));
  let builder: Builder;
  /** The files of the image. */
  let files: string;

  before(async () => {
    builder = await startBuilder(join(folder, 'store'));
    const bases = { build: join(folder, 'build'), run: join(folder, 'run') };
    const [volumes] = await Promise.all([buildBase(bases.build), runtimeBase(bases.run)]);
    await builder.imageOf(bases.build, 'localhost/build-base', BUILD_PATH);
    await builder.imageOf(bases.run, 'localhost/run-base', '/usr/bin');
    await builder.build({
      image: IMAGE,
      context: ROOT,
      args: {
        BUILD_IMAGE: 'localhost/build-base',
        RUN_IMAGE: 'localhost/run-base',
        VERSION: '1.2.3',
        REVISION: 'abc',
      },
      volumes: [...volumes, ...npmSettings()],
    });
    files = await builder.unpack(IMAGE);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('adds the bundle, its licences and its SBOM to the base, and nothing else', () => {
    assert.deepEqual(readdirSync(join(files, 'app')).sort(), [
      'LICENSE',
      'THIRD-PARTY-NOTICES.txt',
      'podscrape.js',
      'sbom.cdx.json',
    ]);
    const added = list(files).filter((path) => !path.startsWith('app/'));
    assert.deepEqual(added, list(join(folder, 'run')));
  });

  it('runs as a user by number, with no shell between', async () => {
    const config = await builder.config(IMAGE);
    assert.equal(config.User, '65532:65532');
    assert.deepEqual(config.Entrypoint, ['/nodejs/bin/node', '/app/podscrape.js']);
    assert.deepEqual(config.Cmd, ['serve']);
    assert.deepEqual(Object.keys(config.ExposedPorts ?? {}).sort(), ['8080/tcp', '8443/tcp']);
  });

  it('says what it is', async () => {
    const { Labels: labels = {} } = await builder.config(IMAGE);
    assert.equal(labels['org.opencontainers.image.title'], 'podscrape');
    assert.equal(labels['org.opencontainers.image.version'], '1.2.3');
    assert.equal(labels['org.opencontainers.image.revision'], 'abc');
    assert.equal(labels['org.opencontainers.image.licenses'], 'Apache-2.0');
  });

  it('lists every package of the bundle in the SBOM, with its licence text beside', () => {
    const sbom = JSON.parse(readFileSync(join(files, 'app/sbom.cdx.json'), 'utf8')) as {
      readonly bomFormat: string;
      readonly components: readonly {
        readonly group?: string;
        readonly name: string;
        readonly version: string;
      }[];
    };
    assert.equal(sbom.bomFormat, 'CycloneDX');
    const listed = sbom.components.map(
      ({ group, name, version: number }) => `${group === undefined ? '' : `${group}/`}${name} ${number}`,
    );
    const notices = readFileSync(join(files, 'app/THIRD-PARTY-NOTICES.txt'), 'utf8');
    const bundled = [...notices.matchAll(/^-{78}\n\n(\S+ \S+) \(/gm)].map((match) => match[1] ?? '');
    assert.ok(bundled.includes(`fastify ${version('fastify')}`), bundled.join(', '));
    assert.deepEqual(
      bundled.filter((name) => !listed.includes(name)),
      [],
    );
  });

  it('serves as UID 65532 on a root that is read-only, with no privilege left, and drains', async (t) => {
    const configuration = join(folder, 'configuration');
    mkdirSync(configuration);
    writeFileSync(join(configuration, 'config.yaml'), 'server: {drainSeconds: 0}\n');
    const contained = await startContained({
      root: files,
      config: await builder.config(IMAGE),
      args: ['serve', '--config', '/etc/podscrape/config.yaml'],
      mounts: { '/etc/podscrape': configuration },
    });
    t.after(() => contained.stop());
    assert.equal(await contained.status('/readyz'), 200);
    assert.deepEqual(await contained.identity(), {
      uid: 65532,
      gid: 65532,
      groups: '',
      capabilities: '0000000000000000',
      noNewPrivileges: 1,
    });
    assert.match(await contained.write('/app/written'), /EROFS/);
    assert.equal(await contained.admit('pod'), 'pod');
    assert.deepEqual(await contained.stop(), { code: 0, signal: null });
  });
});

describe('the build context', await requireImages(), () => {
  it('has nothing that the Dockerfile does not copy', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'podscrape-context-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const context = join(folder, 'context');
    const tree = ['src/cli.ts', 'scripts/build.ts', 'scripts/docs.ts', 'package.json', 'LICENSE', '.npmrc'];
    for (const path of [...tree, '.env', '.git/config', 'certs/out/tls.key', 'node_modules/a/index.js']) {
      mkdirSync(join(context, path, '..'), { recursive: true });
      writeFileSync(join(context, path), 'x');
    }
    copyFileSync(join(ROOT, '.dockerignore'), join(context, '.dockerignore'));
    writeFileSync(join(folder, 'Dockerfile'), 'FROM scratch\nCOPY . /\n');
    const builder = await startBuilder(join(folder, 'store'));
    await builder.build({ image: 'localhost/context', context, dockerfile: join(folder, 'Dockerfile') });
    assert.deepEqual(
      list(await builder.unpack('localhost/context')),
      tree.filter((path) => path !== 'scripts/docs.ts').sort(),
    );
  });
});

/** Building and running images needs root; the rest of buildah comes from Debian. */
async function requireImages(): Promise<{ skip: false | string }> {
  if (process.getuid?.() !== 0) {
    return skipOrFail('the image', 'building an image for a test needs root', process.env);
  }
  return requireSoftware('the image', { debian: ['buildah'] });
}

/** Where npm finds its registry and keeps what it has fetched, for the RUN steps. */
function npmSettings(): string[] {
  const present = (path: string | undefined) =>
    path !== undefined && statSync(path, { throwIfNoEntry: false }) !== undefined;
  const global = [process.env['npm_config_globalconfig'], '/usr/etc/npmrc', '/usr/local/etc/npmrc'];
  const wanted = [
    [global.find(present), '/usr/local/etc/npmrc:ro'],
    [process.env['npm_config_userconfig'] ?? join(homedir(), '.npmrc'), '/root/.npmrc:ro'],
    [join(homedir(), '.npm/_cacache'), '/root/.npm/_cacache:rw'],
    ['/etc/ssl/certs', '/etc/ssl/certs:ro'],
  ] as const;
  return wanted.filter(([path]) => present(path)).map(([path, place]) => `${path}:${place}`);
}

/** The files below a folder, in order. */
function list(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

/** The version of an installed package. */
function version(name: string): string {
  const text = readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}
