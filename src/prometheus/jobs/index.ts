import type { JobOptions } from './options.ts';
import type { ExplainedJob } from './parts.ts';
import { explainedPodJobs } from './pod.ts';
import { explainedServiceJobs } from './service.ts';

/** The jobs of the role that the options name, each with its reason. */
export function explainedJobs(options: JobOptions): readonly ExplainedJob[] {
  return options.role === 'pod' ? explainedPodJobs(options) : explainedServiceJobs(options);
}
