import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { run } from '../cluster/processes.ts';
import { ensureDebian } from '../cluster/software/debian.ts';
import type { DebianSoftware } from '../cluster/software/debian.ts';

/** What an image's configuration says, as far as the tests look. */
export interface ImageConfig {
  readonly User?: string;
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly ExposedPorts?: Readonly<Record<string, object>>;
}

/** Buildah with a store of its own below a folder; it needs root and no daemon. */
export interface Builder {
  /** Makes an image of one layer from a folder. */
  imageOf(folder: string, name: string, path: string): Promise<void>;
  /** Builds a Dockerfile; `volumes` are there during RUN. */
  build(options: BuildOptions): Promise<void>;
  config(image: string): Promise<ImageConfig>;
  /** Lays the files of an image out in a folder, and gives the folder. */
  unpack(image: string): Promise<string>;
}

/** What {@link Builder.build} takes. */
export interface BuildOptions {
  readonly image: string;
  readonly context: string;
  readonly dockerfile?: string;
  readonly ignoreFile?: string;
  readonly args?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
}

/** A builder that keeps all it has below `folder`. Errors, of every method: with buildah's last words. */
export async function startBuilder(folder: string): Promise<Builder> {
  const { buildah } = await ensureDebian(['buildah']);
  mkdirSync(folder, { recursive: true });
  const [policy, registries] = [join(folder, 'policy.json'), join(folder, 'registries.conf')];
  writeFileSync(policy, JSON.stringify({ default: [{ type: 'insecureAcceptAnything' }] }));
  writeFileSync(registries, '');
  const [command, ...before] = await withLibraries(buildah, folder);
  const store = ['--root', join(folder, 'root'), '--runroot', join(folder, 'run'), '--storage-driver', 'vfs'];
  const env = { ...process.env, BUILDAH_ISOLATION: 'chroot', TMPDIR: folder };

  async function call(verb: string, ...args: readonly string[]): Promise<string> {
    const all = [...before, ...store, '--registries-conf', registries, verb, ...args];
    const { code, stdout, stderr } = await run(command, all, { env, timeoutMs: 300_000 });
    if (code === 0) return stdout.trim();
    throw new Error(`buildah ${verb} ended with ${code}:\n${(stdout + stderr).slice(-3000)}`);
  }

  const policed = ['--signature-policy', policy];
  return {
    async imageOf(from, name, path) {
      const container = await call('from', ...policed, 'scratch');
      await call('copy', '--quiet', container, from, '/');
      await call('config', '--env', `PATH=${path}`, container);
      await call('commit', ...policed, '--quiet', '--rm', container, name);
    },
    async build({ image, context, dockerfile, ignoreFile, args = {}, volumes = [] }) {
      await call(
        'build',
        ...policed,
        ...['--isolation', 'chroot', '--network', 'host', '--pull-never', '--tag', image],
        ...(dockerfile === undefined ? [] : ['--file', dockerfile]),
        ...(ignoreFile === undefined ? [] : ['--ignorefile', ignoreFile]),
        ...Object.entries(args).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
        ...volumes.flatMap((volume) => ['--volume', volume]),
        context,
      );
    },
    async config(image) {
      const found = JSON.parse(await call('inspect', '--type', 'image', image)) as {
        OCIv1: { config: ImageConfig };
      };
      return found.OCIv1.config;
    },
    async unpack(image) {
      return call('mount', await call('from', ...policed, '--pull-never', image));
    },
  };
}

/**
 * The command line that buildah is called with. Unpacked and not installed, it finds its libraries through its
 * environment, which it does not hand to itself where it enters a container: so it sees a list of libraries of its own.
 */
async function withLibraries(
  buildah: DebianSoftware<'buildah'>,
  folder: string,
): Promise<[string, ...string[]]> {
  const path = buildah.env['LD_LIBRARY_PATH'];
  if (path === undefined) return [buildah.programs.buildah];
  const [list, cache] = [join(folder, 'ld.so.conf'), join(folder, 'ld.so.cache')];
  writeFileSync(list, ['include /etc/ld.so.conf', ...path.split(':'), ''].join('\n'));
  const made = await run('/sbin/ldconfig', ['-X', '-f', list, '-C', cache]);
  if (made.code !== 0) throw new Error(`ldconfig ended with ${made.code}: ${made.stderr}`);
  const enter = 'mount --bind "$0" /etc/ld.so.cache && exec "$@"';
  return ['unshare', '--mount', '/bin/sh', '-c', enter, cache, buildah.programs.buildah];
}
