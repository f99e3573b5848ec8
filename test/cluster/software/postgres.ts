import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { freePorts, run, startProcess } from '../processes.ts';
import type { ManagedProcess } from '../processes.ts';
import { ensureDebian } from './debian.ts';
import type { DebianOptions, DebianSoftware } from './debian.ts';
import { closedFolder } from './place.ts';

/** Makes a database cluster and serves it; its first lines tell the variables that it reads. */
export const POSTGRES_SCRIPT = join(import.meta.dirname, 'postgres.sh');

/** `nobody` on Debian: as the script has it. */
const NOBODY = 65534;

/** What {@link ensureDebian} gives for `postgres`. */
export type PostgresSoftware = DebianSoftware<'postgres' | 'initdb' | 'psql'>;

/** A PostgreSQL server on a loopback port, with a user and a password made for it. */
export interface Postgres {
  readonly process: ManagedProcess;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Runs a statement through psql over TCP, as another user when told. Errors: psql's words. */
  query(sql: string, as?: { user: string; password: string }): Promise<string>;
  stop(): Promise<void>;
}

/** The environment that {@link POSTGRES_SCRIPT} needs to find its programs. */
export function postgresEnv(software: PostgresSoftware): Record<string, string> {
  return { ...software.env, POSTGRES_BIN: dirname(software.programs.postgres) };
}

/** Starts a PostgreSQL server on an empty database cluster; it accepts connections when this resolves. */
export async function startPostgres(options: DebianOptions = {}): Promise<Postgres> {
  const { postgres: software } = await ensureDebian(['postgres'], options);
  const [port = 0] = await freePorts(1);
  const password = randomBytes(18).toString('base64url');
  const user = 'postgres';
  const root = process.getuid?.() === 0;
  const closed = root ? closedFolder(software.programs.postgres) : undefined;
  // PostgreSQL does not run as root, and the user that it runs as instead has to find it.
  if (closed !== undefined)
    throw new Error(
      `${closed} is closed to other users: set PODSCRAPE_TEST_CACHE to a folder that all may enter`,
    );

  const folder = mkdtempSync(join(tmpdir(), 'podscrape-postgres-'));
  const data = join(folder, 'data');
  mkdirSync(data, { mode: 0o700 });
  if (root) {
    chmodSync(folder, 0o755);
    chownSync(data, NOBODY, NOBODY);
  }
  const given = { POSTGRES_PASSWORD: password, PGPORT: String(port), PGDATA: data };
  const server = startProcess({
    name: 'postgres',
    command: '/bin/sh',
    args: [POSTGRES_SCRIPT],
    logFile: join(folder, 'log'),
    env: { PATH: process.env['PATH'], ...postgresEnv(software), ...given },
  });
  const query: Postgres['query'] = async (sql, as = { user, password }) => {
    const where = ['-h', '127.0.0.1', '-p', String(port), '-U', as.user, '-d', 'postgres', '-w'];
    const { code, stdout, stderr } = await run(
      software.programs.psql,
      [...where, '-X', '-A', '-t', '-c', sql],
      {
        env: { ...software.env, PGPASSWORD: as.password, PGCONNECT_TIMEOUT: '10' },
      },
    );
    if (code !== 0) throw new Error(stderr.trim());
    return stdout.trim();
  };
  const stop = async (): Promise<void> => {
    // SIGTERM waits for every client to leave; SIGINT sends them away.
    if (server.exit === undefined) process.kill(server.pid, 'SIGINT');
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await server.waitFor('an answer', async () => (await query('SELECT 1')) === '1', { timeoutMs: 60_000 });
  } catch (error) {
    await stop();
    throw error;
  }
  return { process: server, port, user, password, query, stop };
}
