import type { Exporter } from '../core/profile.ts';

// Port, flags and variables: postgres_exporter's README and datasource.go, where DATA_SOURCE_NAME wins over the others
// and a missing password is an empty one.
export const postgresExporter: Exporter = {
  name: 'postgres-exporter',
  image: 'quay.io/prometheuscommunity/postgres-exporter:v0.20.1',
  imageNames: ['postgres-exporter', 'postgres_exporter'],
  port: 9187,
  path: '/metrics',
  args: ['--web.listen-address=:{port}'],
  connection: {
    example: '127.0.0.1:5432/postgres?sslmode=disable',
    form: 'host-port',
    secretHolds: 'the DSN',
    address: {
      env: [
        { name: 'DATA_SOURCE_URI', value: '{address}' },
        { name: 'DATA_SOURCE_USER', value: 'postgres' },
      ],
    },
    secret: { env: [{ name: 'DATA_SOURCE_NAME', secret: true }] },
    both: {
      env: [
        { name: 'DATA_SOURCE_URI', value: '{address}' },
        { name: 'DATA_SOURCE_USER', value: 'postgres' },
        { name: 'DATA_SOURCE_PASS', secret: true },
      ],
    },
  },
  // USER of the image is the name `nobody`, which the kubelet refuses under runAsNonRoot.
  runAsUser: 65534,
  go: true,
  resources: { cpuRequest: '10m', cpuLimit: '100m', memoryRequest: '32Mi', memoryLimit: '128Mi' },
};
