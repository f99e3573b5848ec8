import type { Profile } from '../core/profile.ts';

// Port 8080 is the default of controller-runtime's metrics server (pkg/metrics/server, DefaultBindAddress). Projects
// scaffolded by Kubebuilder 4 serve https on 8443 behind authentication instead: set P/scheme and P/port for those.
export const controllerRuntime: Profile = {
  name: 'controller-runtime',
  summary: 'A controller built on controller-runtime with its default metrics server.',
  target: { scheme: 'http', path: '/metrics', port: 8080 },
};
