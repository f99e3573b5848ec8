import type { Profile } from '../core/profile.ts';

// /proc and /sys of a container tell of the whole node, but for network and mounts.
export const nodeHost: Profile = {
  name: 'node-host',
  summary:
    'Figures of the node that the Pod is on (processors, disks, memory), through a node_exporter sidecar.',
  exporter: {
    exporter: 'node-exporter',
    args: [
      '--collector.cpu',
      '--collector.diskstats',
      '--collector.filesystem',
      '--collector.loadavg',
      '--collector.meminfo',
    ],
    appEnv: [],
  },
  notice: 'cpu, disks, load and memory are the node’s figures, not the Pod’s',
};
