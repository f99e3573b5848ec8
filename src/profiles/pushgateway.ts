import type { Profile } from '../core/profile.ts';

export const pushgateway: Profile = {
  name: 'pushgateway',
  summary: 'An application that pushes metrics, to a Pushgateway sidecar or to the cluster’s own.',
  exporter: { exporter: 'pushgateway', appEnv: [{ name: 'PUSHGATEWAY_URL', value: '{url}' }] },
};
