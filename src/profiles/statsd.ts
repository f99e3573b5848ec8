import type { Profile } from '../core/profile.ts';

export const statsd: Profile = {
  name: 'statsd',
  summary:
    'An application that sends StatsD metrics; a statsd_exporter sidecar turns them into Prometheus metrics.',
  exporter: {
    exporter: 'statsd-exporter',
    appEnv: [
      { name: 'STATSD_HOST', value: '127.0.0.1' },
      { name: 'STATSD_PORT', value: '{ingest}' },
    ],
  },
};
