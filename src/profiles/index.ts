import type { Exporter, Profile } from '../core/profile.ts';
import { celeryExporter } from './celery-exporter.ts';
import { celery } from './celery.ts';
import { controllerRuntime } from './controller-runtime.ts';
import { gunicorn } from './gunicorn.ts';
import { http } from './http.ts';
import { nodeExporter } from './node-exporter.ts';
import { nodeHost } from './node-host.ts';
import { node } from './node.ts';
import { postgresExporter } from './postgres-exporter.ts';
import { postgres } from './postgres.ts';
import { pushgatewayExporter } from './pushgateway-exporter.ts';
import { pushgateway } from './pushgateway.ts';
import { redisExporter } from './redis-exporter.ts';
import { redis } from './redis.ts';
import { springBoot } from './spring-boot.ts';
import { statsdExporter } from './statsd-exporter.ts';
import { statsd } from './statsd.ts';

/** The profiles that come with podscrape, in the order in which they are listed. */
export const BUILT_IN_PROFILES: readonly Profile[] = [
  http,
  controllerRuntime,
  springBoot,
  statsd,
  gunicorn,
  celery,
  pushgateway,
  postgres,
  redis,
  node,
  nodeHost,
];

/** The exporters that the profiles use. */
export const BUILT_IN_EXPORTERS: readonly Exporter[] = [
  statsdExporter,
  celeryExporter,
  pushgatewayExporter,
  postgresExporter,
  redisExporter,
  nodeExporter,
];
