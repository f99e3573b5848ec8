import type { Exporter } from '../core/profile.ts';

// Port and flags: Pushgateway's README and main.go. Without --persistence.file it writes nothing to disk. What is pushed
// brings its own job and instance.
export const pushgatewayExporter: Exporter = {
  name: 'pushgateway',
  image: 'quay.io/prometheus/pushgateway:v1.11.3',
  imageNames: ['pushgateway', 'prom-pushgateway'],
  port: 9091,
  path: '/metrics',
  args: ['--web.listen-address=:{port}'],
  external: true,
  // USER of the image.
  runAsUser: 65534,
  go: true,
  honorLabels: true,
  resources: { cpuRequest: '10m', cpuLimit: '100m', memoryRequest: '32Mi', memoryLimit: '128Mi' },
};
