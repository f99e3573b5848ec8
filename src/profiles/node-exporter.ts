import type { Exporter } from '../core/profile.ts';

// Port and flags: node_exporter's README. Which collectors run is the profiles' choice; none is on by itself.
export const nodeExporter: Exporter = {
  name: 'node-exporter',
  image: 'quay.io/prometheus/node-exporter:v1.12.1',
  imageNames: ['node-exporter', 'node_exporter'],
  port: 9100,
  path: '/metrics',
  args: ['--web.listen-address=:{port}', '--collector.disable-defaults'],
  // USER of the image is the name `nobody`, which the kubelet refuses under runAsNonRoot.
  runAsUser: 65534,
  go: true,
  resources: { cpuRequest: '10m', cpuLimit: '100m', memoryRequest: '32Mi', memoryLimit: '128Mi' },
};
