import { Option } from 'commander';
import type { Command } from 'commander';

import { loadConfig } from '../config/load.ts';
import type { EngineConfig } from '../core/engine-config.ts';
import { componentJob } from '../prometheus/jobs/components.ts';
import { PRINTED_GLOBAL } from '../prometheus/jobs/from-config.ts';
import { explainedJobs } from '../prometheus/jobs/index.ts';
import type { JobOptions } from '../prometheus/jobs/options.ts';
import type { ExplainedJob } from '../prometheus/jobs/parts.ts';
import { rbacObjects } from '../prometheus/jobs/rbac.ts';
import { renderJobs, renderObjects, renderPrometheus, renderSecret } from '../prometheus/jobs/render.ts';
import type { ScrapedWorkload } from '../prometheus/jobs/services.ts';
import { metricsServices } from '../prometheus/jobs/services.ts';
import { dnsLabel, dnsSubdomain, fileName } from './arguments.ts';
import type { CommandIo } from './command.ts';
import { fail } from './fail.ts';
import { defineFiles, defineNamespace, filesOf, namespacesOf } from './manifest-options.ts';
import { documentsOf, tell, tellUnread, write } from './manifest-stream.ts';
import * as parsers from './scrape-config-arguments.ts';
import { notesOn } from './scrape-config-notes.ts';
import {
  FORMATS,
  JOB_ROLES,
  SLOW_INTERVAL,
  checkOptions,
  jobOptions,
  kubeStateResources,
} from './scrape-config-options.ts';
import type { ScrapeConfigOptions } from './scrape-config-options.ts';
import { workloadsIn } from './scrape-config-services.ts';

export function define(command: Command): void {
  command
    .addOption(new Option('--role <role>', 'what Prometheus discovers').choices(JOB_ROLES).default('pod'))
    .option(
      '--dialect <prefix>',
      'the family of annotations to read (default: the first that the configuration writes)',
      dnsSubdomain,
    )
    .option('--namespaces <a,b>', 'discover in these namespaces only', parsers.namespaces)
    .option('--namespace-label <name>', 'label with the namespace', parsers.labelName, 'namespace')
    .option('--pod-label <name>', 'label with the Pod’s name', parsers.labelName, 'pod')
    .option('--container-label <name>', 'label with the container’s name', parsers.labelName, 'container')
    .option(
      '--labelmap [regex]',
      'take the Pods’ labels over, those whose name matches (default: all)',
      parsers.labelPattern,
    )
    .option('--app-label-from-container', 'set the label app to the container’s name')
    .option(
      '--slow [interval]',
      `add jobs for what says scrape-slow: "true" (every ${SLOW_INTERVAL} where no interval is given)`,
      parsers.interval,
    )
    .option(
      '--with <components>',
      'add jobs for the cluster’s own: kube-state-metrics,cadvisor,node-exporter,pushgateway',
      parsers.components,
    )
    .option('--resources <a,b>', 'limit kube-state-metrics to these resources', parsers.resources);
  defineCluster(command);
  defineOutput(command);
  command.addHelpText(
    'after',
    `
Prints the scrape configuration that finds what podscrape makes scrapeable, each target once.

Examples:
  podscrape scrape-config > prometheus.yml
  podscrape scrape-config --namespaces shop,blog --print-rbac | kubectl apply -f -
  podscrape scrape-config --role endpointslice --print-services -f app.yaml | kubectl apply -f -
  podscrape scrape-config --format secret --secret-namespace monitoring | kubectl apply -f -`,
  );
}

function defineCluster(command: Command): void {
  command
    .option('--api-server <url>', 'API server of another cluster than Prometheus’ own', parsers.apiServer)
    .option('--token-file <file>', 'its bearer token, as Prometheus finds it', fileName)
    .option('--ca-file <file>', 'its CA certificates', fileName)
    .option('--cert-file <file>', 'client certificate for it, with --key-file', fileName)
    .option('--key-file <file>', 'key of the client certificate', fileName)
    .option('--insecure-skip-tls-verify', 'do not check its certificate');
}

function defineOutput(command: Command): void {
  command
    .addOption(
      new Option(
        '--format <format>',
        'a whole prometheus.yml, the list of jobs, or a Secret with it',
      ).choices(FORMATS),
    )
    .option('--secret-name <name>', 'of the Secret (default: additional-scrape-configs)', dnsSubdomain)
    .option('--secret-namespace <name>', 'of the Secret (default: that of --service-account)', dnsLabel)
    .option('--secret-key <key>', 'key in the Secret (default: prometheus-additional.yaml)', parsers.dataKey)
    .option('--job-prefix <text>', 'what the names of all jobs begin with', parsers.jobPrefix, 'podscrape')
    .option(
      '--secrets-dir <path>',
      'where Prometheus finds Secrets (default: /etc/prometheus/secrets)',
      parsers.directory,
    )
    .option(
      '--configmaps-dir <path>',
      'where Prometheus finds ConfigMaps (default: /etc/prometheus/configmaps)',
      parsers.directory,
    )
    .option('--print-rbac', 'print the rights that the jobs need instead')
    .option(
      '--service-account <namespace/name>',
      'Prometheus’ ServiceAccount (default: monitoring/prometheus)',
      parsers.serviceAccount,
    )
    .option('--print-services', 'print the Services that a Service role scrapes instead; needs -f');
  defineFiles(command);
  defineNamespace(command);
}

/** Prints jobs, rights or Services. */
export async function run(given: ScrapeConfigOptions, io: CommandIo): Promise<number> {
  const { serviceAccount = { namespace: 'monitoring', name: 'prometheus' } } =
    given as Partial<ScrapeConfigOptions>;
  const options: ScrapeConfigOptions = { ...given, serviceAccount };
  checkOptions(options);
  const loaded = await loadConfig(options.config);
  if (!loaded.ok) return fail(io, loaded.problems);
  const { engine } = loaded.config;
  const jobs = jobOptions(options, engine);
  if (options.printServices === true) return printServices(options, jobs, engine, io);
  const notes = notesOn(options, jobs);
  for (const note of notes) io.stderr.write(`note: ${note}\n`);
  await write(
    io.stdout,
    options.printRbac === true ? rbac(options, jobs) : scrapeConfig(options, jobs, notes),
  );
  return 0;
}

function scrapeConfig(options: ScrapeConfigOptions, jobs: JobOptions, notes: readonly string[]): string {
  const all: readonly ExplainedJob[] = [
    ...explainedJobs(jobs),
    ...(options.with ?? []).map((component) =>
      componentJob(component, { ...jobs, ownNamespace: options.serviceAccount.namespace }),
    ),
  ];
  const comments = ['Printed by podscrape scrape-config.', ...notes];
  if (options.format === 'jobs') return renderJobs(all, comments);
  if (options.format !== 'secret') return renderPrometheus(all, PRINTED_GLOBAL, comments);
  const {
    secretName: name = 'additional-scrape-configs',
    secretNamespace: namespace = options.serviceAccount.namespace,
    secretKey: key = 'prometheus-additional.yaml',
  } = options;
  return renderSecret(all, { name, namespace, key }, comments);
}

function rbac(options: ScrapeConfigOptions, { role, namespaces }: JobOptions): string {
  const { serviceAccount } = options;
  const objects = rbacObjects({
    role,
    namespaces,
    serviceAccount,
    components: options.with ?? [],
    kubeStateResources: kubeStateResources(options),
  });
  const { namespace, name } = serviceAccount;
  const comment = `What Prometheus, as ServiceAccount ${namespace}/${name}, may do for the jobs of podscrape scrape-config.`;
  return renderObjects(objects, [comment]);
}

async function printServices(
  options: ScrapeConfigOptions,
  jobs: JobOptions,
  engine: EngineConfig,
  io: CommandIo,
): Promise<number> {
  const files = await filesOf(options, io);
  const namespaces = namespacesOf(options);
  const workloads: ScrapedWorkload[] = [];
  const taken = new Set<string>();
  let failed = false;
  for await (const input of documentsOf(files)) {
    if (!('text' in input)) {
      tellUnread(io, input, 'left out');
      failed = true;
      continue;
    }
    const found = workloadsIn(input.text, namespaces, engine, jobs);
    workloads.push(...found.workloads);
    for (const service of found.services) taken.add(service);
    for (const finding of found.findings) {
      failed ||= finding.level === 'error';
      tell(io, input, finding);
    }
  }
  const { services, notes } = metricsServices(workloads, jobs, taken);
  for (const note of [...notes, ...(jobs.role === 'service' ? [ONE_ADDRESS] : [])])
    io.stderr.write(`note: ${note}\n`);
  if (services.length === 0 && !failed) {
    const { filename = [] } = options;
    const names = filename.map((name) => (name === '-' ? 'standard input' : name)).join(', ');
    const remedy = `ask for it with an annotation such as ${engine.annotationPrefix}/profile: http`;
    io.stderr.write(`${names}: there is nothing to scrape in it; ${remedy}\n`);
  }
  const comments = [
    `Services for the jobs of podscrape scrape-config --role ${jobs.role}, one a target.`,
    ...(jobs.role === 'service' ? [ONE_ADDRESS] : []),
  ];
  if (services.length > 0) await write(io.stdout, renderObjects(services, comments));
  return failed ? 1 : 0;
}

const ONE_ADDRESS =
  'The role service finds one cluster address for all instances: each scrape reaches any one of them.';
