import { createHash } from 'node:crypto';
import { accessSync, constants, globSync, readFileSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

import { withLock } from '../build-lock.ts';
import { run } from '../processes.ts';
import { Apt, installedPackages } from './apt.ts';
import type { Package } from './apt.ts';
import { debianRow } from './debian-table.ts';
import type { DebianName, DebianRow, ProgramOf } from './debian-table.ts';
import { SoftwareUnavailable, softwareRoot } from './place.ts';

/** What {@link ensureDebian} can be told. */
export interface DebianOptions {
  /** Takes lines about fetching and waiting. Default: standard error. */
  readonly log?: (line: string) => void;
  /** The environment that names the PATH and the cache. Default: this process's. */
  readonly env?: NodeJS.ProcessEnv;
  /** Fetches although the machine has it. */
  readonly ignoreInstalled?: boolean;
}

/** Software that can be run where it lies. */
export interface DebianSoftware<P extends string = string> {
  /** Absolute paths by name. */
  readonly programs: Readonly<Record<P, string>>;
  /** What the programs need in their environment to find their libraries. */
  readonly env: Readonly<Record<string, string>>;
  /** The folder it was unpacked into; undefined when it is the machine's own. */
  readonly folder: string | undefined;
}

/**
 * Software of the Debian archive: the machine's own, else from the cache, else fetched into the cache and unpacked
 * there. Nothing is installed: no service starts, and nothing outside the cache changes.
 * Errors: {@link SoftwareUnavailable}; an Error with apt's last words when fetching fails.
 */
export async function ensureDebian<N extends DebianName>(
  names: readonly N[],
  options: DebianOptions = {},
): Promise<{ [K in N]: DebianSoftware<ProgramOf<K>> }> {
  const { env = process.env, log = (line) => void process.stderr.write(`${line}\n`) } = options;
  const found: Partial<Record<DebianName, DebianSoftware>> = {};
  const reason = await whyNotDebian(names, options);
  if (reason !== undefined) throw new SoftwareUnavailable(reason);
  for (const name of names)
    found[name] = (await present(name, options)) ?? (await fetch(name, env, options, log));
  return found as { [K in N]: DebianSoftware<ProgramOf<K>> };
}

/** Why this software is not to be had here, without fetching any; undefined when it is. */
export async function whyNotDebian(
  names: readonly DebianName[],
  options: DebianOptions = {},
): Promise<string | undefined> {
  const { env = process.env } = options;
  const missing: DebianName[] = [];
  for (const name of names) if ((await present(name, options)) === undefined) missing.push(name);
  if (missing.length === 0) return undefined;
  for (const [tool, ...args] of [
    ['apt-get', '--version'],
    ['dpkg-query', '--version'],
    ['dpkg-deb', '--version'],
  ]) {
    if ((await run(tool!, args, { env })).code === 0) continue;
    const programs = missing.flatMap((name) => debianRow(name).programs);
    return (
      `${missing.join(', ')}: not on the PATH, nor in the cache ${softwareRoot(env)}, and cannot be fetched: there is ` +
      `no \`${tool}\`. Install ${programs.join(', ')}, or run the tests on Debian.`
    );
  }
  return undefined;
}

async function present(name: DebianName, options: DebianOptions): Promise<DebianSoftware | undefined> {
  const { env = process.env, ignoreInstalled = false } = options;
  const row = debianRow(name);
  const own = ignoreInstalled ? undefined : onMachine(row, env);
  return own ?? (await inCache(row, softwareRoot(env)));
}

function onMachine(row: DebianRow, env: NodeJS.ProcessEnv): DebianSoftware | undefined {
  const path = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  // What the PATH has may be a wrapper that chooses a version: the versions themselves come first.
  const folders = [...(row.folder.includes('*') ? matching('/', row.folder) : []), ...path];
  const programs = locate(row, folders);
  return programs && { programs, env: {}, folder: undefined };
}

async function inCache(row: DebianRow, root: string): Promise<DebianSoftware | undefined> {
  const all = await readdir(root).catch(() => []);
  const folders = all.filter((entry) => entry.startsWith(prefix(row)) && /-[0-9a-f]{12}$/.test(entry));
  const newestFirst = folders
    .map((entry) => join(root, entry))
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  return newestFirst.map((folder) => unpacked(row, folder)).find((software) => software !== undefined);
}

/** The software in a folder that packages were unpacked into. */
function unpacked(row: DebianRow, folder: string): DebianSoftware | undefined {
  const programs = locate(row, matching(folder, row.folder));
  if (programs === undefined) return undefined;
  const libraries = ['usr/lib/*-linux-*', 'lib/*-linux-*'].flatMap((pattern) => matching(folder, pattern));
  const env = libraries.length === 0 ? {} : { LD_LIBRARY_PATH: libraries.join(':') };
  return { programs, env, folder };
}

/** The folders of a pattern, the highest version first. */
function matching(root: string, pattern: string): string[] {
  const found = globSync(pattern, { cwd: root }).map((folder) => join(root, folder));
  return found.sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
}

/** All programs of a row; undefined when one is missing. */
function locate(row: DebianRow, folders: readonly string[]): Record<string, string> | undefined {
  const programs: Record<string, string> = {};
  for (const program of row.programs) {
    const path = folders.map((folder) => join(folder, program)).find(isExecutable);
    if (path === undefined) return undefined;
    programs[program] = path;
  }
  return programs;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** What the names of a row's folders in the cache begin with: libraries of one release do not serve another. */
function prefix(row: DebianRow): string {
  let release = '';
  try {
    release = readFileSync('/etc/os-release', 'utf8');
  } catch {
    // No release to tell apart.
  }
  const [id, version] = ['ID', 'VERSION_ID'].map(
    (key) => new RegExp(`^${key}="?([^"\n]*)`, 'm').exec(release)?.[1],
  );
  return `${id ?? process.platform}-${version ?? 'any'}-${process.arch}-${row.name}-`;
}

/** Fetches one row into the cache, unless another process has by the time the lock is ours. */
async function fetch(
  name: DebianName,
  env: NodeJS.ProcessEnv,
  options: DebianOptions,
  log: (line: string) => void,
): Promise<DebianSoftware> {
  const row = debianRow(name);
  const root = softwareRoot(env);
  const waiting = (pid: number, seconds: number): void => {
    log(`test software: process ${pid} fetches ${name}; waiting for it (${seconds} s)`);
  };
  return withLock(join(root, `${prefix(row)}lock`), waiting, async () => {
    const there = await present(name, options);
    if (there !== undefined) return there;
    log(`test software: fetching ${name} (the Debian package ${row.package}, unpacked, not installed)`);
    const workshop = await mkdtemp(join(root, `${prefix(row)}fetching-`));
    const apt = new Apt(join(workshop, 'apt'), env);
    try {
      const ignored = options.ignoreInstalled === true ? row.own : undefined;
      const packages = await download(row, apt, workshop, await installedPackages(env), ignored);
      const target = join(root, `${prefix(row)}${keyOf(packages)}`);
      await unpack(packages, workshop, env);
      if (unpacked(row, join(workshop, 'root')) === undefined)
        throw new Error(
          `the package ${row.package} has not all of ${row.programs.join(', ')} where they are looked for`,
        );
      await rm(target, { recursive: true, force: true });
      await rename(join(workshop, 'root'), target);
      log(`test software: fetched ${packages.map((one) => `${one.name} ${one.version}`).join(', ')}`);
      return unpacked(row, target)!;
    } finally {
      await rm(workshop, { recursive: true, force: true });
    }
  });
}

/** Downloads what is not installed of a row's package and of all it depends on. */
async function download(
  row: DebianRow,
  apt: Apt,
  workshop: string,
  installed: ReadonlySet<string>,
  ignored: RegExp | undefined,
): Promise<Package[]> {
  const attempt = async (): Promise<Package[]> => {
    const all = await apt.resolve(row.package);
    const packages = all.filter(({ name }) => !installed.has(name) || ignored?.test(name) === true);
    await apt.download(packages, join(workshop, 'packages'));
    return packages;
  };
  try {
    return await attempt();
  } catch {
    // On a new machine there are no package lists yet; on an old one they name versions that have been replaced.
    await apt.update();
    return attempt();
  }
}

async function unpack(packages: readonly Package[], workshop: string, env: NodeJS.ProcessEnv): Promise<void> {
  const folder = join(workshop, 'root');
  // Not the mode of a temporary folder: other users run what is in it.
  await mkdir(folder, { mode: 0o755 });
  for (const file of await readdir(join(workshop, 'packages'))) {
    const { code, stderr } = await run('dpkg-deb', ['-x', join(workshop, 'packages', file), folder], { env });
    if (code !== 0) throw new Error(`unpacking ${file} failed:\n${stderr.trim()}`);
  }
  await writeFile(join(folder, 'packages'), `${listOf(packages).join('\n')}\n`);
}

function listOf(packages: readonly Package[]): string[] {
  return packages.map(({ name, version }) => `${name}=${version}`).sort();
}

function keyOf(packages: readonly Package[]): string {
  return createHash('sha256').update(listOf(packages).join('\n')).digest('hex').slice(0, 12);
}
