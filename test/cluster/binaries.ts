import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, mkdtemp, readFile, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

import { BINARIES, binaryRow } from './binary-table.ts';
import type { BinaryName } from './binary-table.ts';
import { withLock } from './build-lock.ts';
import { run } from './processes.ts';

/** The folder with one Go module for each row's `module`. */
const MODULES = join(import.meta.dirname, 'go');

/** What {@link ensureBinaries} can be told. */
export interface EnsureOptions {
  /** Takes lines about building and waiting. Default: standard error. */
  log?: (line: string) => void;
  /** The environment that names the cache, the assets and the Go toolchain. Default: this process's. */
  env?: NodeJS.ProcessEnv;
}

/** A binary is not there and cannot be built here; the message says what is missing and the remedy. */
export class BinariesUnavailable extends Error {
  override name = 'BinariesUnavailable';
}

/**
 * The paths of binaries: from the folder `KUBEBUILDER_ASSETS` when it has them, else from the cache, else built from
 * the Go module proxy into the cache, once, however many processes ask.
 * Errors: {@link BinariesUnavailable}; an Error with the compiler's last words when a build fails.
 */
export async function ensureBinaries<N extends BinaryName>(
  names: readonly N[],
  options: EnsureOptions = {},
): Promise<Record<N, string>> {
  const { env = process.env, log = (line) => void process.stderr.write(`${line}\n`) } = options;
  const paths: Partial<Record<N, string>> = {};
  const missing: N[] = [];
  for (const name of names) {
    const path = await present(name, env);
    if (path === undefined) missing.push(name);
    else paths[name] = path;
  }
  const reason = await cannotBuild(missing, env);
  if (reason !== undefined) throw new BinariesUnavailable(reason);
  for (const name of missing) paths[name] = await build(name, env, log);
  return paths as Record<N, string>;
}

/** Why these binaries are not to be had here, without building any; undefined when they are. */
export async function whyUnavailable(
  names: readonly BinaryName[],
  env = process.env,
): Promise<string | undefined> {
  const missing: BinaryName[] = [];
  for (const name of names) if ((await present(name, env)) === undefined) missing.push(name);
  return cannotBuild(missing, env);
}

/** The folder of test binaries: `PODSCRAPE_TEST_CACHE`, else one under the user's cache folder. */
export function cacheRoot(env: NodeJS.ProcessEnv = process.env): string {
  if (env['PODSCRAPE_TEST_CACHE']) return resolve(env['PODSCRAPE_TEST_CACHE']);
  return join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'podscrape', 'test-binaries');
}

/** The cache's folder name for a binary: it changes with the module's files, the linker's flags and the platform. */
export async function cacheKey(name: BinaryName, modules = MODULES): Promise<string> {
  const { module, package: mainPackage } = binaryRow(name);
  const hash = createHash('sha256');
  const own = mainPackage.startsWith('.') ? await readdir(join(modules, module, mainPackage)) : [];
  const sources = own.filter((file) => file.endsWith('.go')).sort();
  const names = ['go.mod', 'go.sum', ...sources.map((file) => join(mainPackage, file))];
  const files = names.map((file) => readFile(join(modules, module, file), 'utf8'));
  for (const part of [...(await Promise.all(files)), ...(await buildFlags(name, modules)), GOOS, GOARCH]) {
    hash.update(`${part.length}\n${part}\n`);
  }
  return `${module}-${hash.digest('hex').slice(0, 12)}`;
}

const GOOS = process.platform === 'win32' ? 'windows' : process.platform;
const GOARCH = { x64: 'amd64', ia32: '386' }[process.arch as string] ?? process.arch;

async function buildFlags(name: BinaryName, modules: string): Promise<string[]> {
  const row = binaryRow(name);
  const goMod = await readFile(join(modules, row.module, 'go.mod'), 'utf8');
  const ldflags = ['-s', '-w', ...(row.ldflags?.(goMod) ?? [])].join(' ');
  return ['-ldflags', ldflags, ...(row.tags === undefined ? [] : ['-tags', row.tags])];
}

/** The binary's path when it needs no building. */
async function present(name: BinaryName, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const folders = env['KUBEBUILDER_ASSETS'] ? [resolve(env['KUBEBUILDER_ASSETS'])] : [];
  folders.push(join(cacheRoot(env), await cacheKey(name)));
  for (const folder of folders) {
    const path = join(folder, name);
    try {
      await access(path, constants.X_OK);
      return path;
    } catch {
      // Not there: the next folder, or it is built.
    }
  }
  return undefined;
}

async function cannotBuild(
  names: readonly BinaryName[],
  env: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  for (const module of new Set(names.map((name) => binaryRow(name).module))) {
    const folder = join(MODULES, module);
    const needed = /^go (\S+)$/m.exec(await readFile(join(folder, 'go.mod'), 'utf8'))?.[1] ?? '0';
    // In the module's folder: there Go itself fetches a newer toolchain when the user's settings let it.
    const { code, stdout, stderr } = await run('go', ['env', 'GOVERSION'], { cwd: folder, env: goEnv(env) });
    const found = stdout.trim();
    if (code === 0 && !isOlder(found.replace(/^go/, ''), needed)) continue;
    const why = code === 127 ? 'there is no `go` on the PATH' : `Go is too old (${found || stderr.trim()})`;
    return (
      `${names.join(', ')}: not in ${env['KUBEBUILDER_ASSETS'] ? 'KUBEBUILDER_ASSETS, nor in ' : ''}the cache ` +
      `${cacheRoot(env)}, and cannot be built: ${why}. Install Go ${needed} or newer, or set KUBEBUILDER_ASSETS to ` +
      'a folder that has them (kube-apiserver, etcd and kubectl, as envtest lays them out, and kube-controller-manager).'
    );
  }
  return undefined;
}

function isOlder(version: string, needed: string): boolean {
  const [a = [], b = []] = [version, needed].map((text) =>
    text.split('.').map((part) => Number.parseInt(part, 10)),
  );
  for (let i = 0; i < b.length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

function goEnv(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...env, CGO_ENABLED: '0', GOWORK: 'off', GOOS, GOARCH };
}

/** Builds one binary into the cache, unless another process has by the time the lock is ours. */
async function build(name: BinaryName, env: NodeJS.ProcessEnv, log: (line: string) => void): Promise<string> {
  const { module, package: mainPackage } = binaryRow(name);
  const folder = join(cacheRoot(env), await cacheKey(name));
  const target = join(folder, name);
  const waiting = (pid: number, seconds: number): void => {
    log(`test binaries: process ${pid} builds for ${module}; waiting for it (${seconds} s)`);
  };
  return withLock(`${folder}.lock`, waiting, async () => {
    const there = await present(name, env);
    if (there !== undefined) return there;
    const started = performance.now();
    const seconds = (): string => `${((performance.now() - started) / 1000).toFixed(0)} s`;
    log(`test binaries: building ${name} (the first time may take minutes)`);
    const progress = setInterval(() => {
      log(`test binaries: still building ${name} (${seconds()})`);
    }, 30_000);
    await mkdir(folder, { recursive: true });
    const workshop = await mkdtemp(`${folder}.building-`);
    try {
      const flags = ['-mod=readonly', '-trimpath', '-buildvcs=false', ...(await buildFlags(name, MODULES))];
      const { code, stderr } = await run('go', ['build', ...flags, '-o', join(workshop, name), mainPackage], {
        cwd: join(MODULES, module),
        env: goEnv(env),
      });
      if (code !== 0)
        throw new Error(`building ${name} failed:\n${stderr.trim().split('\n').slice(-25).join('\n')}`);
      await rename(join(workshop, name), target);
    } finally {
      clearInterval(progress);
      await rm(workshop, { recursive: true, force: true });
    }
    log(`test binaries: built ${name} in ${seconds()}`);
    return target;
  });
}

/** Every name of the table, in its order. */
export const ALL_BINARIES: readonly BinaryName[] = BINARIES.map((row) => row.name);
