import type { Profile } from '../core/profile.ts';

export const springBoot: Profile = {
  name: 'spring-boot',
  summary: 'A Spring Boot application with the Prometheus actuator endpoint.',
  target: { scheme: 'http', path: '/actuator/prometheus', port: 8080 },
};
