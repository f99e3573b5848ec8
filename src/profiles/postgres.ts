import type { Profile } from '../core/profile.ts';

export const postgres: Profile = {
  name: 'postgres',
  summary: 'PostgreSQL, or an application beside it; a postgres_exporter sidecar asks the server.',
  exporter: { exporter: 'postgres-exporter', appEnv: [] },
};
