import type { Exporter } from '../core/profile.ts';

// Port, flags and variables: redis_exporter's README. Its image has a numeric USER, and nothing but the program.
export const redisExporter: Exporter = {
  name: 'redis-exporter',
  image: 'docker.io/oliver006/redis_exporter:v1.93.0',
  imageNames: ['redis_exporter', 'redis-exporter'],
  port: 9121,
  path: '/metrics',
  args: ['--web.listen-address=:{port}'],
  connection: {
    example: 'redis://127.0.0.1:6379',
    // It takes HOST:PORT too, and rediss:// and unix:// beside redis://.
    form: 'any',
    defaultAddress: 'redis://127.0.0.1:6379',
    secretHolds: 'the password',
    address: { env: [{ name: 'REDIS_ADDR', value: '{address}' }] },
    secret: {
      env: [
        { name: 'REDIS_ADDR', value: '{address}' },
        { name: 'REDIS_PASSWORD', secret: true },
      ],
    },
    both: {
      env: [
        { name: 'REDIS_ADDR', value: '{address}' },
        { name: 'REDIS_PASSWORD', secret: true },
      ],
    },
  },
  runAsUser: 59000,
  go: true,
  resources: { cpuRequest: '10m', cpuLimit: '100m', memoryRequest: '32Mi', memoryLimit: '128Mi' },
};
