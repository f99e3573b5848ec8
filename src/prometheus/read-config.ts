import { UNREADABLE, Reading } from '../core/go-yaml-decode.ts';
import { lineBehindFirst, readMappingYaml } from '../core/statsd-mapping-yaml.ts';
import type { MappingNode } from '../core/statsd-mapping-yaml.ts';
import { quoted } from '../core/text.ts';
import { checkGlobal, checkJob } from './config-checks.ts';
import type { ReadGlobal, ReadJob } from './config-checks.ts';
import { locator, pathText } from './config-place.ts';
import type { Locate } from './config-place.ts';
import { jobList, wholeConfig } from './config-types.ts';
import { embeddedTexts, shapeOf } from './config-shape.ts';
import type { EmbeddedText } from './config-shape.ts';
import { compileJob } from './job.ts';
import type { Job } from './job.ts';

/** A mistake in a Prometheus configuration, with its place. */
export interface ConfigFinding {
  /** Counted from 1. */
  readonly line: number;
  readonly column: number;
  /** `scrape_configs[0].relabel_configs[3].regex`. */
  readonly path: string;
  readonly message: string;
}

export interface ReadConfig {
  /** In the order of the file; those with problems are left out. */
  readonly jobs: readonly Job[];
  readonly findings: readonly ConfigFinding[];
  /** What Prometheus takes, but is not read here: files that are named, documents behind the first. */
  readonly notes: readonly ConfigFinding[];
}

/** A generated configuration of a large cluster has some hundred kilobytes; a Secret holds at most one megabyte. */
const MOST_LENGTH = 4 * 1024 * 1024;
const MOST_FINDINGS = 200;

/**
 * Reads a `prometheus.yml`, a list of jobs, or a Secret or ConfigMap that holds one of these. All problems are
 * collected.
 */
export function readConfig(text: string): ReadConfig {
  return readText(text, true);
}

function readText(text: string, mayEmbed: boolean): ReadConfig {
  const fault = textFault(text);
  if (fault !== undefined) return failed(1, fault);
  const root = readMappingYaml(text);
  if (typeof root === 'string') {
    const [, line, message] = /^line ([0-9]+): (.*)$/s.exec(root) ?? [];
    return failed(Number(line ?? 1), message ?? root);
  }
  const read = readRoot(text, root, mayEmbed);
  const line = lineBehindFirst(text);
  if (line === undefined) return read;
  const message =
    'is not read: of a file the first document counts, here as for Prometheus; hand this one over by itself';
  return { ...read, notes: [...read.notes, { line, column: 1, path: '', message }] };
}

function readRoot(text: string, root: MappingNode, mayEmbed: boolean): ReadConfig {
  const run = new Run(text);
  const shape = shapeOf(root, mayEmbed);
  if ('message' in shape) run.find(shape.path, shape.message, 'key');
  else if (shape.kind === 'list') run.readJobs(root, '');
  else if (shape.kind === 'whole') run.readWhole(root);
  else return embedded(text, shape.kind, root);
  return run.result();
}

function textFault(text: string): string | undefined {
  if (text.length > MOST_LENGTH) return `is ${text.length} characters long, at most ${MOST_LENGTH} are read`;
  if (text.includes('\0') || text.includes('\uFFFD')) return 'is no text; hand over a prometheus.yml';
  if (/^\uFEFF?(?:[ \t\r\n]|#.*|---)*$/.test(text))
    return 'is empty; hand over a prometheus.yml, a list of jobs, or a Secret or ConfigMap that holds one';
  return undefined;
}

function failed(line: number, message: string): ReadConfig {
  return { jobs: [], findings: [{ line, column: 1, path: '', message }], notes: [] };
}

/** What is in a Secret or ConfigMap, or in Prometheus' own answer, told by its places in the file around it. */
function embedded(text: string, kind: string, root: MappingNode): ReadConfig {
  const found = embeddedTexts(root);
  const locate = locator(text);
  if (found.texts.length === 0) {
    const message = found.compressed
      ? 'is compressed; unpack it with base64 -d and gunzip, and hand that over'
      : `holds no prometheus.yml and no list of jobs; hand over the ${kind} that Prometheus reads`;
    const { path, keys } = found.compressed ?? { path: 'data', keys: ['data'] };
    return { jobs: [], findings: [{ ...locate(keys, 'value'), path, message }], notes: [] };
  }
  const parts = found.texts.map((part) => within(readText(part.text, false), part, text, locate));
  return {
    jobs: parts.flatMap(({ jobs }) => jobs),
    findings: parts.flatMap(({ findings }) => findings),
    notes: parts.flatMap(({ notes }) => notes),
  };
}

function within(read: ReadConfig, part: EmbeddedText, text: string, locate: Locate): ReadConfig {
  const begin = locate(part.keys, 'value');
  const outer = text.split('\n').slice(begin.line);
  const header = text.split('\n')[begin.line - 1]?.slice(begin.column - 1) ?? '';
  // In a literal block every line is a line of the file, further right.
  const isLiteral = !part.isEncoded && header.startsWith('|');
  const indent = /^ */.exec(outer.find((line) => line.trim() !== '') ?? '')?.[0].length ?? 0;
  const moved = (finding: ConfigFinding): ConfigFinding => {
    const joint = finding.path === '' || finding.path.startsWith('[') ? '' : '.';
    const path = `${part.path}${joint}${finding.path}`;
    if (isLiteral)
      return { ...finding, line: begin.line + finding.line, column: indent + finding.column, path };
    return { ...begin, path, message: `${finding.message} (line ${finding.line} of the text)` };
  };
  return { jobs: read.jobs, findings: read.findings.map(moved), notes: read.notes.map(moved) };
}

/** A job before its name is checked. */
type FoundJob = Omit<ReadJob, 'job_name'> & { readonly job_name?: string };

/** One text's findings and jobs. */
class Run {
  readonly #jobs: Job[] = [];
  readonly #findings: ConfigFinding[] = [];
  readonly #notes: ConfigFinding[] = [];
  readonly #locate: Locate;
  /** Paths of the jobs with findings, also where these are too many to be told. */
  readonly #faulty = new Set<string>();
  #untold = 0;

  constructor(text: string) {
    this.#locate = locator(text);
  }

  result(): ReadConfig {
    const byPlace = (one: ConfigFinding, other: ConfigFinding): number =>
      one.line - other.line || one.column - other.column;
    const told = this.#findings.sort(byPlace);
    const rest = { line: 1, column: 1, path: '', message: `${this.#untold} more mistakes are not told` };
    const findings = this.#untold === 0 ? told : [...told, rest];
    return { jobs: this.#jobs, findings, notes: this.#notes };
  }

  find(path: string, message: string, of: 'key' | 'value' = 'value'): void {
    const job = /^(?:scrape_configs)?\[[0-9]+\]/.exec(path)?.[0];
    if (job !== undefined) this.#faulty.add(job);
    if (this.#findings.length === MOST_FINDINGS) this.#untold++;
    else this.#findings.push({ ...this.#locate(path, of), path, message });
  }

  readWhole(root: MappingNode): void {
    const config = (plain(this.#reading().read(wholeConfig, root, '')) ?? {}) as {
      readonly global?: ReadGlobal;
      readonly scrape_config_files?: readonly string[];
      readonly scrape_configs?: readonly (FoundJob | null)[];
    };
    this.#check('global', checkGlobal(config.global ?? {}));
    this.#readJobs(config.scrape_configs ?? [], 'scrape_configs', config.global ?? {});
    if ((config.scrape_config_files ?? []).length > 0) {
      const path = 'scrape_config_files';
      const message = 'names files that are not read here; hand their jobs over as well';
      this.#notes.push({ ...this.#locate(path, 'key'), path, message });
    }
  }

  readJobs(root: MappingNode, base: string): void {
    const jobs = plain(this.#reading().read(jobList, root, base)) as readonly (FoundJob | null)[] | undefined;
    this.#readJobs(jobs ?? [], base, {});
  }

  #reading(): Reading {
    return new Reading((place, what) => {
      const of = /^(?:unknown key|is given twice|is a key of)/.test(what) ? 'key' : 'value';
      this.find(place.replace(/(?:: a)? key$/, ''), what, of);
    });
  }

  /** A second problem at a place that could not be read says nothing new. */
  #check(base: string, problems: ReturnType<typeof checkJob>): void {
    const before = this.#findings.map(({ path }) => path);
    for (const { path: keys, message } of problems) {
      const path = pathText(base, keys);
      const rule = /^.*relabel_configs\[[0-9]+\]/.exec(path)?.[0] ?? path;
      if (!before.some((other) => other === path || isWithin(other, rule))) this.find(path, message);
    }
  }

  #readJobs(jobs: readonly (FoundJob | null)[], base: string, global: ReadGlobal): void {
    const names = new Map<string, string>();
    for (const [index, found] of jobs.entries()) {
      const path = `${base}[${index}]`;
      if (found === null) {
        this.#empty(path);
        continue;
      }
      const job = this.#withoutEmpty({ ...found, job_name: found.job_name ?? '' }, path);
      const compiled = compileJob(job, global);
      if ('problems' in compiled) this.#check(path, compiled.problems);
      this.#check(path, checkJob(job, global));
      const first = names.get(job.job_name);
      if (first === undefined) names.set(job.job_name, path);
      else if (job.job_name !== '')
        this.find(
          `${path}.job_name`,
          `${quoted(job.job_name)} is the name of ${first} too; give each job a name of its own`,
        );
      if (!this.#faulty.has(path) && 'job' in compiled) this.#jobs.push(compiled.job);
    }
  }

  /** What could not be read has been told. */
  #empty(path: string): void {
    if (!this.#findings.some((finding) => isWithin(finding.path, path)))
      this.find(path, 'is empty; leave it out');
  }

  /** Tells items that are null, and lets a rule that does nothing stand for each. */
  #withoutEmpty(job: ReadJob, path: string): ReadJob {
    const lists: Record<string, unknown> = {};
    for (const key of [
      'relabel_configs',
      'metric_relabel_configs',
      'kubernetes_sd_configs',
      'static_configs',
    ]) {
      const items = (job as unknown as Record<string, unknown>)[key];
      if (!Array.isArray(items)) continue;
      lists[key] = (items as readonly unknown[]).flatMap((item, index) => {
        if (item !== null) return [item];
        this.#empty(`${path}.${key}[${index}]`);
        return key.endsWith('relabel_configs') ? [{ action: 'labeldrop', regex: '' }] : [];
      });
    }
    return { ...job, ...lists };
  }
}

function isWithin(path: string, place: string): boolean {
  return path.startsWith(place) && /^(?:$|[.[])/.test(path.slice(place.length));
}

/** Maps as objects. What could not be read is left out, and null in a list of maps, which keep their places. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value as readonly unknown[];
    const isOfMaps = items.some((item) => item instanceof Map);
    const kept = isOfMaps ? items : items.filter((item) => item !== UNREADABLE);
    return kept.map((item) => plain(item) ?? null);
  }
  if (!(value instanceof Map)) return value === UNREADABLE ? undefined : value;
  const entries = [...(value as ReadonlyMap<string, unknown>)].map(
    ([key, item]) => [key, plain(item)] as const,
  );
  return Object.fromEntries(entries.filter(([, item]) => item !== undefined));
}
