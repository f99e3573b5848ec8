import type { Profile } from '../core/profile.ts';

// Network namespaces are the Pod's, and so are these figures of /proc/net; they differ from Pod to Pod.
export const node: Profile = {
  name: 'node',
  summary: 'The Pod’s own network figures, through a node_exporter sidecar.',
  exporter: {
    exporter: 'node-exporter',
    args: ['--collector.netdev', '--collector.netstat', '--collector.sockstat'],
    appEnv: [],
  },
};
