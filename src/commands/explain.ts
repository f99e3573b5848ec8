import { loadConfig } from '../config/load.ts';
import type { EngineConfig } from '../core/engine-config.ts';
import { own } from '../core/pod.ts';
import { statusKey } from '../core/status.ts';
import { withEscapes, yamlText } from '../core/yaml-text.ts';
import { explainDocument } from '../manifests/explain.ts';
import type { Explained, ExplainedObject } from '../manifests/explain.ts';
import { titleOf } from '../manifests/objects.ts';
import type { RunningTargets } from '../prometheus/explain-health.ts';
import type { CommandIo } from './command.ts';
import { chosenJobs } from './explain-jobs.ts';
import type { RunningConfig } from './explain-jobs.ts';
import { livePod } from './explain-live.ts';
import { checkOptions, define, podName } from './explain-options.ts';
import type { ExplainOptions } from './explain-options.ts';
import { scrapeRecord } from './explain-record.ts';
import { isScraped, scrapesOf } from './explain-scrapes.ts';
import type { Scrapes, ScrapesOptions } from './explain-scrapes.ts';
import { explanationText } from './explain-text.ts';
import type { ExplainedRecord } from './explain-text.ts';
import { fail } from './fail.ts';
import { filesOf, namespacesOf } from './manifest-options.ts';
import { documentsOf, tell, tellUnread, write } from './manifest-stream.ts';
import type { Input } from './manifest-stream.ts';
import { PrometheusApi, PrometheusApiError } from './prometheus-api.ts';

export { define };

const DEFAULT_IP = '10.0.0.7';

/** Exit code where a requested target would not be scraped; a wrong command line has the same. */
const NOT_SCRAPED = 2;

/** Prints the decision about every object of the input, and what a Prometheus makes of it. */
export async function run(
  options: ExplainOptions,
  io: CommandIo,
  args: readonly string[] = [],
): Promise<number> {
  const pod = args[0] === undefined ? undefined : podName(args[0]);
  checkOptions(options, pod);
  const files = pod === undefined ? await filesOf(options, io) : [];
  const loaded = await loadConfig(options.config);
  if (!loaded.ok) return fail(io, loaded.problems);
  const { engine } = loaded.config;
  const running = await runningOf(options);
  if (typeof running === 'string') return fail(io, [running]);
  const { source, jobs, problems, notes } = await chosenJobs(options, engine, running?.config, io);
  fail(io, notes);
  if (problems.length > 0) return fail(io, problems);
  const { podIp = DEFAULT_IP } = options;
  const how = { source, jobs, podIp, engine, running: running?.targets };
  if (pod === undefined) return new Explanation(options, io, how).explain(documentsOf(files));
  const live = await livePod(pod, options);
  if ('problem' in live) return fail(io, [live.problem]);
  const input = { file: `pod/${pod}`, line: 1, number: 1, text: live.text };
  return new Explanation(options, io, how).explain([input]);
}

interface Running {
  readonly targets: RunningTargets;
  /** Asked for only where it is what is explained. */
  readonly config: RunningConfig | undefined;
}

/** What the running Prometheus says, nothing where none is to be asked, or why it cannot be asked, in words. */
async function runningOf(options: ExplainOptions): Promise<Running | string | undefined> {
  const { prometheus, prometheusTokenFile, prometheusCaFile, prometheusConfig, preset, job } = options;
  if (prometheus === undefined) return undefined;
  try {
    const api = new PrometheusApi({
      url: prometheus,
      ...(prometheusTokenFile === undefined ? {} : { tokenFile: prometheusTokenFile }),
      ...(prometheusCaFile === undefined ? {} : { caFile: prometheusCaFile }),
    });
    const isRunning = prometheusConfig === undefined && preset === undefined;
    const config = isRunning ? { source: api.name, yaml: await api.config() } : undefined;
    return { targets: await api.targets(job), config };
  } catch (error) {
    if (error instanceof PrometheusApiError) return error.message;
    throw error;
  }
}

/** One run over the input. */
class Explanation {
  readonly #options: ExplainOptions;
  readonly #io: CommandIo;
  readonly #how: ScrapesOptions;
  #failed = false;
  #missed = false;
  #count = 0;

  constructor(options: ExplainOptions, io: CommandIo, how: ScrapesOptions) {
    this.#options = options;
    this.#io = io;
    this.#how = how;
  }

  async explain(inputs: AsyncIterable<Input> | Iterable<Input>): Promise<number> {
    const printer = PRINTERS[this.#options.output];
    for await (const record of this.#records(inputs)) {
      if (!(await write(this.#io.stdout, printer.record(record, this.#count)))) return this.#code();
      this.#count += 1;
    }
    await write(this.#io.stdout, printer.end(this.#count));
    if (this.#count === 0 && !this.#failed) {
      const remedy = 'give a Pod or a workload, such as a Deployment; a template must be rendered first';
      const { filename = [] } = this.#options;
      const names = filename.map((name) => (name === '-' ? 'standard input' : name)).join(', ');
      return fail(this.#io, [`${names}: there is no Pod and no workload in it; ${remedy}`]);
    }
    return this.#code();
  }

  async *#records(inputs: AsyncIterable<Input> | Iterable<Input>): AsyncGenerator<PrintedRecord> {
    const namespaces = namespacesOf(this.#options);
    for await (const input of inputs) {
      if (!('text' in input)) {
        tellUnread(this.#io, input, 'not explained');
        this.#failed = true;
        continue;
      }
      const { objects, findings } = explainDocument(input.text, namespaces, this.#how.engine);
      for (const finding of findings) {
        this.#failed ||= finding.level === 'error';
        // What is said of an object that is printed is part of that.
        if (finding.level === 'error' && !objects.some((object) => titleOf(object) === finding.subject))
          tell(this.#io, input, finding);
      }
      const { file, number: document } = input;
      for (const object of objects) {
        const scrapes = scrapesOf(object, this.#how);
        const isMissed = scrapes === undefined ? asks(object, this.#how.engine) : !isScraped(scrapes);
        this.#missed ||= isMissed;
        const at = (line: number): number => input.line + line - 1;
        const { line, existing, faults, ...explained } = recordOf(object, this.#how.engine);
        const { decision, because } = explained;
        const isCarriedOut = decision.outcome === 'injected';
        const record = {
          ...{ file, document, line: at(line), ...explained },
          because: isMissed && isCarriedOut ? YET_MISSED : because,
          ...(faults === undefined
            ? {}
            : { faults: faults.map((fault) => ({ ...fault, line: at(fault.line) })) }),
          ...(existing === undefined ? {} : { existing }),
        };
        yield { record, scrapes, allRules: this.#options.allRules === true };
      }
    }
  }

  /** What is wrong with the input comes first: what it would do then is not known. */
  #code(): number {
    if (this.#failed) return 1;
    return this.#missed ? NOT_SCRAPED : 0;
  }
}

const YET_MISSED = 'the Pod has what it asks for, and yet not all of it is scraped';

/** Whether something is asked for, whatever shape the object has. */
function asks({ request }: ExplainedObject, { annotationPrefix }: EngineConfig): boolean {
  return request.some(({ key }) => key !== `${annotationPrefix}/inject`);
}

type Existing = NonNullable<ExplainedRecord['existing']>;

/** The object, and of one that is in a cluster whether podscrape has been there. */
function recordOf(
  object: ExplainedObject,
  engine: EngineConfig,
): Explained & { readonly existing: Existing | undefined } {
  const { livePod: live, pod, ...whole } = object;
  // What is undefined is not printed.
  const explained = { ...whole, namespaceMetadata: undefined };
  if (live === undefined || pod === undefined) return { ...explained, existing: undefined };
  const hasStatus = own(live.metadata?.annotations, statusKey(engine)) !== undefined;
  if (hasStatus) return { ...explained, existing: 'with-status' };
  const isAsking = explained.decision.outcome === 'injected';
  const late =
    `runs without ${statusKey(engine)} although it asks: the webhook was away, or was installed later; ` +
    'what counts is as it is; delete the Pod, or kubectl rollout restart what made it';
  return {
    ...explained,
    existing: 'without-status',
    caveats: isAsking ? [late, ...explained.caveats] : explained.caveats,
  };
}

interface PrintedRecord {
  readonly record: ExplainedRecord;
  readonly scrapes: Scrapes | undefined;
  readonly allRules: boolean;
}

interface Printer {
  /** One record, with how many came before it. */
  readonly record: (record: PrintedRecord, before: number) => string;
  readonly end: (count: number) => string;
}

function whole({ record, scrapes }: PrintedRecord): object {
  return scrapes === undefined ? record : { ...record, scrape: scrapeRecord(scrapes) };
}

const PRINTERS: Readonly<Record<ExplainOptions['output'], Printer>> = {
  table: {
    record: ({ record, scrapes, allRules }, before) =>
      `${before === 0 ? '' : '\n'}${explanationText(record, scrapes, allRules)}`,
    end: () => '',
  },
  json: {
    record: (printed, before) =>
      `${before === 0 ? '[' : ','}\n${withEscapes(JSON.stringify(whole(printed), numbers, 2)).replace(/^/gm, '  ')}`,
    end: (count) => (count === 0 ? '[]\n' : '\n]\n'),
  },
  yaml: {
    record: (printed) => yamlText([whole(printed)]),
    end: (count) => (count === 0 ? '[]\n' : ''),
  },
};

/** The modulus of hashmod may be too large for JSON's numbers. */
function numbers(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
