import { kubeStateArguments } from '../prometheus/jobs/kube-state-metrics.ts';
import type { JobOptions } from '../prometheus/jobs/options.ts';
import { kubeStateResources } from './scrape-config-options.ts';
import type { ScrapeConfigOptions } from './scrape-config-options.ts';

/** What whoever puts the jobs to use has to know; into the output as a comment, and to people. */
export function notesOn(options: ScrapeConfigOptions, jobs: JobOptions): readonly string[] {
  const components = options.with ?? [];
  const resources = kubeStateResources(options);
  return [
    ...(options.printRbac === true ? [] : notesOnJobs(jobs)),
    ...(components.includes('cadvisor')
      ? [
          `cAdvisor’s job discovers nodes and needs nodes/metrics: rights over the whole cluster${
            jobs.namespaces.length === 0
              ? '.'
              : ', whatever --namespaces says; leave it out where they are not given.'
          }`,
        ]
      : []),
    ...(resources.length === 0
      ? []
      : [
          `Start kube-state-metrics with ${kubeStateArguments(jobs.namespaces, resources).join(' ')}; ` +
            '--print-rbac prints its rights.',
        ]),
  ];
}

function notesOnJobs(jobs: JobOptions): readonly string[] {
  const accesses = jobs.variants.flatMap(({ access }) => access ?? []);
  return [
    replaced(jobs),
    ...(jobs.role === 'service'
      ? [
          'The role service finds one address for all instances of a workload: each scrape reaches any one of them, ' +
            'and counters jump. Use endpointslice to scrape each.',
        ]
      : []),
    ...(jobs.role === 'pod'
      ? []
      : [
          'The Services come from: podscrape scrape-config --role ' +
            jobs.role +
            ' --print-services -f MANIFESTS',
        ]),
    ...(accesses.length === 0
      ? []
      : [
          `Credentials are files NAME/KEY below ${directories(jobs)}; Prometheus Operator mounts below ` +
            '/etc/prometheus/secrets and /etc/prometheus/configmaps what its Prometheus object lists.',
        ]),
    ...(accesses.some(({ oauth2 }) => oauth2 !== undefined)
      ? [
          'Prometheus reads no file for client_id of oauth2: put the client’s id in the place of FILL-IN-…; it is no secret.',
        ]
      : []),
  ];
}

function replaced({ role, dialect, annotationPrefix }: JobOptions): string {
  if (role === 'pod')
    return (
      `These jobs replace a stock kubernetes-pods job that reads ${dialect}/scrape: ` +
      'with both, Prometheus scrapes such Pods twice.'
    );
  return (
    `These jobs take the place of --role pod and of a stock kubernetes-pods job: with both, Prometheus scrapes twice. ` +
    `Stock jobs for Services do not see ${annotationPrefix}/metrics.`
  );
}

function directories({ directories: found }: JobOptions): string {
  return found === undefined ? '/etc/prometheus' : `${found.secrets} and ${found.configMaps}`;
}
