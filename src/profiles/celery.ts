import type { Profile } from '../core/profile.ts';

// The workers have to send events (worker_send_task_events, `-E`), or there are no tasks to tell of.
export const celery: Profile = {
  name: 'celery',
  summary: 'Celery workers that send task events; a celery-exporter sidecar reads them from the broker.',
  exporter: { exporter: 'celery-exporter', appEnv: [] },
};
