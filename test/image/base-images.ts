// Stand-ins for the two base images of the Dockerfile, which cannot be pulled without the internet: folders with Node,
// the libraries that it is linked with, and, for the build, a shell and npm. Unlike Debian's and distroless' own they
// have no time zones, no certificates and no users; that the real ones can be pulled is not tested here.
import { copyFileSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { run } from '../cluster/processes.ts';

/** Writes what stands for the image that runs podscrape: Node in its place, nothing else. */
export async function runtimeBase(folder: string): Promise<void> {
  for (const empty of ['app', 'etc', 'proc', 'tmp']) mkdirSync(join(folder, empty), { recursive: true });
  await program(folder, process.execPath, 'nodejs/bin/node');
}

/**
 * Writes what stands for the image that builds it, a shell and libraries, and gives the volumes for the rest: Node and
 * npm are large, and each layer of the store is a copy.
 */
export async function buildBase(folder: string): Promise<string[]> {
  for (const empty of ['etc', 'proc', 'root', 'tmp']) mkdirSync(join(folder, empty), { recursive: true });
  writeFileSync(join(folder, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  await libraries(folder, process.execPath);
  await program(folder, '/bin/sh', 'bin/sh');
  await program(folder, '/usr/bin/env', 'usr/bin/env');
  const npm = '/usr/local/lib/node_modules/npm';
  mkdirSync(join(folder, 'usr/local/bin'), { recursive: true });
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(folder, 'usr/local/bin/npm'));
  return [`${process.execPath}:/usr/local/bin/node:ro`, `${await npmFolder()}:${npm}:ro`];
}

/** The PATH of Debian's Node image. */
export const BUILD_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

async function program(folder: string, from: string, to: string): Promise<void> {
  await libraries(folder, from);
  copy(from, join(folder, to));
}

/** What a program is linked with, and what libc loads by name to find hosts. */
async function libraries(folder: string, of: string): Promise<void> {
  const { code, stdout, stderr } = await run('ldd', [of]);
  if (code !== 0) throw new Error(`ldd ${of}: ${stderr}`);
  const linked = [...stdout.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map((match) => match[1] ?? '');
  const libc = linked.find((library) => library.includes('/libc.so'));
  const resolvers = ['libnss_dns.so.2', 'libnss_files.so.2', 'libresolv.so.2'];
  const byName = libc === undefined ? [] : resolvers.map((name) => join(dirname(libc), name));
  for (const library of [...linked, ...byName]) copy(library, join(folder, library));
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(realpathSync(from), to);
}

/** The folder of the npm that runs the tests, or of the one on the PATH. */
async function npmFolder(): Promise<string> {
  const { stdout } = await run('/bin/sh', ['-c', 'readlink -f "$(command -v npm)"']);
  return dirname(dirname(stdout.trim()));
}
