import type { Profile } from '../core/profile.ts';

// Gunicorn's StatsD names (gunicorn/instrument/statsd.py) under any prefix; an empty prefix is no label in Prometheus.
// `gunicorn.workers` is sent only when the number changes, so nothing expires. Histograms cost about a third of the
// memory of statsd_exporter's default summaries.
const mapping = `defaults:
  observer_type: histogram
  histogram_options: {buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]}
  ttl: 0s
mappings:
- match: '^(?:(.+)\\.)?gunicorn\\.request\\.duration$'
  match_type: regex
  name: gunicorn_request_duration_seconds
  help: Request duration.
  labels: {prefix: $1}
- match: '^(?:(.+)\\.)?gunicorn\\.requests$'
  match_type: regex
  name: gunicorn_requests_total
  help: Requests handled.
  labels: {prefix: $1}
- match: '^(?:(.+)\\.)?gunicorn\\.request\\.status\\.(\\d+)$'
  match_type: regex
  name: gunicorn_responses_total
  help: Responses by HTTP status.
  labels: {prefix: $1, status: $2}
- match: '^(?:(.+)\\.)?gunicorn\\.log\\.(\\w+)$'
  match_type: regex
  name: gunicorn_log_messages_total
  help: Log messages by level.
  labels: {prefix: $1, level: $2}
- match: '^(?:(.+)\\.)?gunicorn\\.workers$'
  match_type: regex
  name: gunicorn_workers
  help: Worker processes; sent only when the number changes.
  labels: {prefix: $1}
- match: '^(?:(.+)\\.)?gunicorn\\.backlog$'
  match_type: regex
  name: gunicorn_backlog_connections
  help: Listen queue length (with enable_backlog_metric).
  histogram_options: {buckets: [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2048]}
  labels: {prefix: $1}
`;

export const gunicorn: Profile = {
  name: 'gunicorn',
  summary: 'A Python application under Gunicorn; its StatsD metrics go through a statsd_exporter sidecar.',
  exporter: {
    exporter: 'statsd-exporter',
    mapping,
    // A --statsd-host on Gunicorn's own command line beats the variable.
    appEnv: [
      { name: 'GUNICORN_CMD_ARGS', append: '--statsd-host=127.0.0.1:{ingest}', unless: '--statsd-host' },
    ],
  },
};
