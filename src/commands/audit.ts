import { judgePod } from '../audit/judge.ts';
import { merged, Report } from '../audit/report.ts';
import { auditRole } from '../audit/rights.ts';
import type { LivePod } from '../audit/workload.ts';
import { loadConfig } from '../config/load.ts';
import type { EngineConfig } from '../core/engine-config.ts';
import { WEBHOOK_CONFIGURATION_NAME } from '../core/webhook-configuration.ts';
import { yamlText } from '../core/yaml-text.ts';
import { KubeConfigError, loadKubeConfig, usualKubeConfig } from '../kube/config.ts';
import { openReader, ReadError } from '../kube/reader.ts';
import type { Reader } from '../kube/reader.ts';
import { auditRecord } from './audit-record.ts';
import type { AuditResult } from './audit-record.ts';
import { checkOptions, define } from './audit-options.ts';
import type { AuditOptions } from './audit-options.ts';
import { AuditProblem, collections, readCluster } from './audit-read.ts';
import { auditText } from './audit-text.ts';
import type { CommandIo } from './command.ts';
import { chosenJobs } from './explain-jobs.ts';
import type { ExplainedJobs } from './explain-jobs.ts';
import { fail } from './fail.ts';
import { write } from './manifest-stream.ts';

export { define };

/** Exit code where something was missed; a wrong command line has the same. */
const MISSED = 2;

/** Prints what the cluster has missed. */
export async function run(options: AuditOptions, io: CommandIo): Promise<number> {
  checkOptions(options);
  const loaded = await loadConfig(options.config);
  if (!loaded.ok) return fail(io, loaded.problems);
  const { engine } = loaded.config;
  if (options.printRbac === true) {
    await write(io.stdout, yamlText(auditRole(engine.workloadKinds)));
    return 0;
  }
  const jobs = await chosenJobs(options, engine, undefined);
  fail(io, jobs.notes);
  if (jobs.problems.length > 0) return fail(io, jobs.problems);
  try {
    const reader = await openReader(await serverOf(options));
    try {
      const result = await audit(reader, options, engine, jobs, io);
      await write(io.stdout, printed(result, options, io));
      return result.summary.missed > 0 ? MISSED : 0;
    } finally {
      reader.close();
    }
  } catch (error) {
    const isKnown =
      error instanceof KubeConfigError || error instanceof ReadError || error instanceof AuditProblem;
    if (isKnown) return fail(io, [remedied(error, options)]);
    throw error;
  }
}

async function serverOf({ kubeconfig, context }: AuditOptions): ReturnType<typeof loadKubeConfig> {
  const file = kubeconfig ?? (await usualKubeConfig());
  return loadKubeConfig({
    ...(file === undefined ? {} : { kubeconfig: file }),
    ...(context === undefined ? {} : { context }),
  });
}

async function audit(
  reader: Reader,
  options: AuditOptions,
  engine: EngineConfig,
  { jobs, source }: ExplainedJobs,
  io: CommandIo,
): Promise<AuditResult> {
  const namespaces = [...new Set(options.namespace ?? [])];
  const cluster = await readCluster(reader, namespaces, engine);
  const { registration, unknown } = cluster;
  for (const line of unknown) io.stderr.write(`note: ${line}\n`);
  if (registration.registered === false) {
    const name = `MutatingWebhookConfiguration ${WEBHOOK_CONFIGURATION_NAME}`;
    io.stderr.write(`note: there is no ${name}: the API server sends podscrape nothing\n`);
  }
  // The registration leaves out podscrape's own namespace, which no configuration names.
  const excludedNamespaces = [...new Set([...engine.excludedNamespaces, ...registration.excluded])];
  const judging = { engine: { ...engine, excludedNamespaces }, jobs, registered: registration.since };
  const progress = new Progress(io);
  const reports: Report[] = [];
  const { selector: labelSelector } = options;
  for (const place of collections({ group: '', version: 'v1', resource: 'pods' }, namespaces)) {
    let report = new Report();
    const selected = labelSelector === undefined ? {} : { labelSelector };
    await reader.list(place, { depth: 'whole', ...selected }, () => {
      report = new Report();
      progress.begin();
      return (object) => {
        const pod = object as unknown as LivePod;
        const owner = cluster.workloads.ownerOf(pod);
        const surroundings = cluster.surroundings(pod.metadata?.namespace ?? '');
        report.add(pod, owner, judgePod(pod, owner, surroundings, judging));
        progress.step();
      };
    });
    reports.push(report);
  }
  progress.end();
  return {
    ...merged(reports),
    engine,
    jobs: source,
    namespaces,
    registered: registration.registered,
    unknown,
  };
}

function printed(result: AuditResult, { output }: AuditOptions, io: CommandIo): string {
  switch (output) {
    case 'json':
      return `${JSON.stringify(auditRecord(result), null, 2)}\n`;
    case 'yaml':
      return yamlText(auditRecord(result));
    case 'table':
      return auditText(result, io.stdout);
  }
}

function remedied(error: Error, { namespace = [] }: AuditOptions): string {
  if (!(error instanceof ReadError) || error.status !== 403) return error.message;
  const one = namespace.length === 0 ? ', or look in one namespace with -n NAMESPACE' : '';
  return `${error.message}; grant what podscrape audit --print-rbac prints${one}`;
}

/** How far it is, on a terminal alone, on one line that goes away. */
class Progress {
  readonly #stderr: CommandIo['stderr'];
  readonly #isShown: boolean;
  #before = 0;
  #count = 0;

  constructor({ stderr }: CommandIo) {
    this.#stderr = stderr;
    this.#isShown = 'isTTY' in stderr && stderr.isTTY === true;
  }

  /** A list begins, perhaps anew. */
  begin(): void {
    this.#count = this.#before;
  }

  step(): void {
    this.#count += 1;
    if (this.#isShown && this.#count % 500 === 0) this.#stderr.write(`\r${this.#count} Pods`);
  }

  end(): void {
    this.#before = this.#count;
    if (this.#isShown && this.#count >= 500) this.#stderr.write('\r\u001B[K');
  }
}
