import type { Exporter } from '../core/profile.ts';

// Ports and flags: statsd_exporter's README and main.go. It has no /health; it answers /-/healthy and /-/ready.
export const statsdExporter: Exporter = {
  name: 'statsd-exporter',
  image: 'quay.io/prometheus/statsd-exporter:v0.31.0',
  imageNames: ['statsd-exporter', 'statsd_exporter'],
  port: 9102,
  path: '/metrics',
  ingestPort: 9125,
  args: [
    '--web.listen-address=:{port}',
    '--statsd.listen-udp=127.0.0.1:{ingest}',
    '--statsd.listen-tcp=127.0.0.1:{ingest}',
  ],
  mapping: {
    arg: '--statsd.mapping-config={file}',
    directory: '/etc/podscrape/statsd',
    file: 'mapping.yaml',
    format: 'statsd',
  },
  // USER of the image; a name (`nobody`) would be refused by the kubelet under runAsNonRoot.
  runAsUser: 65534,
  go: true,
  resources: { cpuRequest: '10m', cpuLimit: '100m', memoryRequest: '32Mi', memoryLimit: '128Mi' },
};
