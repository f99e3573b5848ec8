import type { Profile } from '../core/profile.ts';

export const http: Profile = {
  name: 'http',
  summary: 'An application that serves Prometheus metrics itself.',
  target: { scheme: 'http', path: '/metrics', port: 8080 },
};
