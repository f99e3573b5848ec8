import { join } from 'node:path';

import { ensureBinaries } from '../binaries.ts';
import { ensureDebian } from './debian.ts';
import { POSTGRES_SCRIPT, postgresEnv } from './postgres.ts';
import { ensurePython } from './python.ts';
import { REDIS_SCRIPT, redisEnv } from './redis.ts';

/** How the containers of an image are run; an entry of the table that the kubelet of the tests takes. */
export interface PodImage {
  readonly entrypoint: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly workingDir?: string;
  readonly user?: number | string;
}

/** The folder of our own applications. */
export const APPS = join(import.meta.dirname, '../apps');

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * What stands for each image, obtained when it is asked for. The users are those of the images, for which the built-in
 * exporters set a number of their own.
 */
export const POD_IMAGES = {
  /** Reads POSTGRES_PASSWORD, and POSTGRES_LISTEN: 127.0.0.1 unless set. */
  postgres: async () => {
    const { postgres: software } = await ensureDebian(['postgres']);
    return {
      entrypoint: ['/bin/sh', POSTGRES_SCRIPT],
      env: { PATH, ...postgresEnv(software) },
      user: 'nobody',
    };
  },
  /** Reads REDIS_PASSWORD, and REDIS_LISTEN: 127.0.0.1 unless set. */
  redis: async () => {
    const { 'redis-server': software } = await ensureDebian(['redis-server']);
    return { entrypoint: ['/bin/sh', REDIS_SCRIPT], env: { PATH, ...redisEnv(software) }, user: 'nobody' };
  },
  /** `args` follow `gunicorn`: `-w 2 -b 0.0.0.0:5000 app:app`. */
  chiller: () => pythonApp('chiller', 'gunicorn'),
  /** `args` follow `celery`: `-A tasks worker --pool=solo`. */
  celery: () => pythonApp('celery', 'celery'),
  'statsd-exporter': async () => goBinary('statsd_exporter', 65534),
  'node-exporter': async () => goBinary('node_exporter', 'nobody'),
  pushgateway: async () => {
    const { pushgateway } = await ensureDebian(['pushgateway']);
    // The image keeps its metrics in memory; Debian's default is a file that belongs to a user of its own.
    const entrypoint = [pushgateway.programs['prometheus-pushgateway'], '--persistence.file='];
    return { entrypoint, env: { PATH, ...pushgateway.env }, user: 65534 };
  },
  'postgres-exporter': async () => {
    const { postgres_exporter: exporter } = await ensureDebian(['postgres_exporter']);
    const entrypoint = [exporter.programs['prometheus-postgres-exporter']];
    return { entrypoint, env: { PATH, ...exporter.env }, user: 'nobody' };
  },
  redis_exporter: async () => {
    const { redis_exporter: exporter } = await ensureDebian(['redis_exporter']);
    const entrypoint = [exporter.programs['prometheus-redis-exporter']];
    return { entrypoint, env: { PATH, ...exporter.env }, user: 59000 };
  },
} as const satisfies Record<string, () => Promise<PodImage>>;

async function goBinary(name: 'statsd_exporter' | 'node_exporter', user: number | string): Promise<PodImage> {
  const { [name]: path } = await ensureBinaries([name]);
  return { entrypoint: [path], env: { PATH }, user };
}

async function pythonApp(folder: string, program: string): Promise<PodImage> {
  const { bin } = await ensurePython();
  // No .pyc files beside the sources, which other users could not write anyway.
  const env = { PATH: `${bin}:${PATH}`, PYTHONDONTWRITEBYTECODE: '1', PYTHONUNBUFFERED: '1' };
  return { entrypoint: [join(bin, program)], env, workingDir: join(APPS, folder), user: 65534 };
}
