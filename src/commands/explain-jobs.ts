import { readFile } from 'node:fs/promises';

import type { EngineConfig } from '../core/engine-config.ts';
import { ioReason } from '../core/io-reason.ts';
import { didYouMean } from '../core/problem.ts';
import { quoted } from '../core/text.ts';
import { compileJob } from '../prometheus/job.ts';
import type { Job } from '../prometheus/job.ts';
import { defaultJobOptions, PRINTED_GLOBAL } from '../prometheus/jobs/from-config.ts';
import { podJobs } from '../prometheus/jobs/pod.ts';
import { PRESETS } from '../prometheus/presets/index.ts';
import { readConfig } from '../prometheus/read-config.ts';
import type { PrometheusConfig } from '../prometheus/scrape-config.ts';
import type { CommandIo } from './command.ts';
import type { ExplainOptions } from './explain-options.ts';
import { OWN_PRESET } from './explain-options.ts';
import { UsageError } from './usage-error.ts';

/** The scrape jobs to explain. */
export interface ExplainedJobs {
  /** Whose they are, for people. */
  readonly source: string;
  readonly jobs: readonly Job[];
  /** A line each; those of `problems` make the command fail. */
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}

/** A configuration in force, and where it is from. */
export interface RunningConfig {
  readonly source: string;
  readonly yaml: string;
}

/** The jobs that the options choose. Errors: UsageError for a job that there is not. */
export async function chosenJobs(
  options: Pick<ExplainOptions, 'prometheusConfig' | 'preset' | 'job'>,
  engine: EngineConfig,
  running: RunningConfig | undefined,
  io: Pick<CommandIo, 'stdin'> = {},
): Promise<ExplainedJobs> {
  const all = await allJobs(options, engine, running, io);
  const { job: wanted } = options;
  if (wanted === undefined || all.problems.length > 0) return all;
  const names = all.jobs.map(({ name }) => name);
  for (const name of wanted) {
    if (names.includes(name)) continue;
    const there = names.length === 0 ? 'there is none' : `there is ${names.join(', ')}`;
    throw new UsageError(`no job ${quoted(name)} in ${all.source}; ${didYouMean(name, names).hint ?? there}`);
  }
  return { ...all, jobs: all.jobs.filter(({ name }) => wanted.includes(name)) };
}

async function allJobs(
  { prometheusConfig, preset }: Pick<ExplainOptions, 'prometheusConfig' | 'preset'>,
  engine: EngineConfig,
  running: RunningConfig | undefined,
  { stdin = process.stdin }: Pick<CommandIo, 'stdin'>,
): Promise<ExplainedJobs> {
  if (prometheusConfig === '-') return jobsOfText(await textOf(stdin), 'standard input');
  if (prometheusConfig !== undefined) return jobsOfFile(prometheusConfig);
  if (preset === undefined && running !== undefined) return jobsOfText(running.yaml, running.source);
  const known = PRESETS.find(({ name }) => name === preset);
  if (known !== undefined) return { ...compiled(known.config), source: `preset ${known.name}` };
  const config = { global: PRINTED_GLOBAL, scrape_configs: podJobs(defaultJobOptions(engine)) };
  return {
    ...compiled(config),
    source: preset === OWN_PRESET ? `preset ${OWN_PRESET}` : 'podscrape’s own jobs',
  };
}

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

async function jobsOfFile(file: string): Promise<ExplainedJobs> {
  try {
    return jobsOfText(await readFile(file, 'utf8'), file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return { source: file, jobs: [], problems: [`${file}: ${ioReason(error)}`], notes: [] };
  }
}

function jobsOfText(text: string, source: string): ExplainedJobs {
  const { jobs, findings, notes } = readConfig(text);
  const line =
    (level: string) =>
    (finding: (typeof findings)[number]): string => {
      const path = finding.path === '' ? '' : `${finding.path}: `;
      return `${source}:${finding.line}:${finding.column}: ${level}: ${path}${finding.message}`;
    };
  return { source, jobs, problems: findings.map(line('error')), notes: notes.map(line('note')) };
}

/** What podscrape writes itself is sound. */
function compiled({ scrape_configs, global }: PrometheusConfig): Omit<ExplainedJobs, 'source'> {
  const jobs = scrape_configs.map((config) => {
    const result = compileJob(config, global);
    if ('problems' in result)
      throw new Error(`${config.job_name}: ${result.problems.map(({ message }) => message).join('; ')}`);
    return result.job;
  });
  return { jobs, problems: [], notes: [] };
}
