import type { Exporter } from '../core/profile.ts';

// Port, flags and CE_ variables: celery-exporter's README and src/cli.py. Its image runs as `exporter`, the first user
// of a Debian image, by name. It exits when its broker is away unless it is told to try again.
export const celeryExporter: Exporter = {
  name: 'celery-exporter',
  image: 'docker.io/danihodovic/celery-exporter:0.12.2',
  imageNames: ['celery-exporter', 'celery_exporter'],
  port: 9808,
  path: '/metrics',
  args: ['--port={port}'],
  env: [{ name: 'CE_RETRY_INTERVAL', value: '5' }],
  connection: {
    example: 'redis://redis:6379',
    form: 'uri',
    secretHolds: 'the broker URL',
    address: { env: [{ name: 'CE_BROKER_URL', value: '{address}' }] },
    secret: { env: [{ name: 'CE_BROKER_URL', secret: true }] },
  },
  runAsUser: 1000,
  go: false,
  // Python with Celery loaded takes about 70 MiB before it has seen a task.
  resources: { cpuRequest: '10m', cpuLimit: '100m', memoryRequest: '96Mi', memoryLimit: '256Mi' },
  oneReplica: 'it reports the whole broker',
};
