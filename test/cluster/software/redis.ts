import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { freePorts, run, startProcess } from '../processes.ts';
import type { ManagedProcess } from '../processes.ts';
import { ensureDebian } from './debian.ts';
import type { DebianSoftware } from './debian.ts';

/** Serves an empty Redis; its first lines tell the variables that it reads. */
export const REDIS_SCRIPT = join(import.meta.dirname, 'redis.sh');

/** What {@link ensureDebian} gives for `redis-server`. */
export type RedisSoftware = DebianSoftware<'redis-server' | 'redis-cli'>;

/** A Redis server on a loopback port, which asks for a password. */
export interface Redis {
  readonly process: ManagedProcess;
  readonly port: number;
  readonly password: string;
  /** What clients are told: `redis://:PASSWORD@127.0.0.1:PORT/0`. */
  readonly url: string;
  /** Runs a command through redis-cli, with another password when told. An error of Redis is an answer too. */
  command(words: readonly string[], password?: string): Promise<string>;
  stop(): Promise<void>;
}

/** The environment that {@link REDIS_SCRIPT} needs to find its program. */
export function redisEnv(software: RedisSoftware): Record<string, string> {
  return { ...software.env, REDIS_SERVER: software.programs['redis-server'] };
}

/** Starts a Redis server; it answers when this resolves. The password is made here unless it is given. */
export async function startRedis(
  options: { readonly password?: string; readonly ignoreInstalled?: boolean } = {},
): Promise<Redis> {
  const { ignoreInstalled = false, password = randomBytes(18).toString('base64url') } = options;
  const { 'redis-server': software } = await ensureDebian(['redis-server'], { ignoreInstalled });
  const [port = 0] = await freePorts(1);
  const folder = mkdtempSync(join(tmpdir(), 'podscrape-redis-'));
  const server = startProcess({
    name: 'redis-server',
    command: '/bin/sh',
    args: [REDIS_SCRIPT],
    logFile: join(folder, 'log'),
    env: {
      PATH: process.env['PATH'],
      ...redisEnv(software),
      REDIS_PASSWORD: password,
      REDIS_PORT: String(port),
    },
  });
  const command: Redis['command'] = async (words, as = password) => {
    const where = ['-h', '127.0.0.1', '-p', String(port)];
    const env = { ...software.env, REDISCLI_AUTH: as };
    const { stdout, stderr } = await run(software.programs['redis-cli'], [...where, ...words], { env });
    return `${stdout}${stderr}`.trim();
  };
  const stop = async (): Promise<void> => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await server.waitFor('an answer', async () => (await command(['PING'])) === 'PONG');
  } catch (error) {
    await stop();
    throw error;
  }
  return { process: server, port, password, url: `redis://:${password}@127.0.0.1:${port}/0`, command, stop };
}
