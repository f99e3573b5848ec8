import type { Profile } from '../core/profile.ts';

export const redis: Profile = {
  name: 'redis',
  summary: 'Redis or Valkey, or an application beside it; a redis_exporter sidecar asks the server.',
  exporter: { exporter: 'redis-exporter', appEnv: [] },
};
