import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ensureBinaries } from '../binaries.ts';
import { freePorts, lostPort, startProcess } from '../processes.ts';
import type { ManagedProcess } from '../processes.ts';
import { BOOT } from '../servers.ts';
import type { NotYet, WaitOptions } from '../wait.ts';
import type { Sample, Targets } from './answers.ts';

/** A configuration's text, or what makes it when the server's own port is known. */
export type ConfigText = string | ((port: number) => string | Promise<string>);

/** What {@link startPrometheus} can be told. */
export interface PrometheusOptions {
  readonly config: ConfigText;
  /** Appended to the command line. */
  readonly args?: readonly string[];
}

/**
 * Starts a real Prometheus on a free loopback port, with a data folder of its own; it is ready when this resolves. It ends
 * with `stop()`, and at the latest with this process.
 * Errors: `BinariesUnavailable`, or `ProcessDied` with what Prometheus says of a configuration that it does not take.
 */
export async function startPrometheus(options: PrometheusOptions): Promise<Prometheus> {
  const { prometheus: command } = await ensureBinaries(['prometheus']);
  for (let attempt = 1; ; attempt++) {
    const [port = 0] = await freePorts(1);
    const config = await textOf(options.config, port);
    const folder = mkdtempSync(join(tmpdir(), 'podscrape-prometheus-'));
    const configFile = join(folder, 'prometheus.yml');
    writeFileSync(configFile, config);
    const server = startProcess({
      name: 'prometheus',
      command,
      args: [
        `--config.file=${configFile}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        '--storage.tsdb.retention.time=1h',
        `--web.listen-address=127.0.0.1:${port}`,
        '--web.enable-lifecycle',
        // As soon as a Pod has changed, not every five seconds.
        '--scrape.discovery-reload-interval=200ms',
        ...(options.args ?? []),
      ],
      logFile: join(folder, 'log'),
      // Nothing of the user's environment: a proxy set there is not meant for the loopback.
      env: { PATH: process.env['PATH'], HOME: folder },
    });
    const prometheus = new Prometheus(server, port, folder, configFile);
    try {
      await server.waitFor('/-/ready is 200', () => prometheus.isReady(), BOOT);
      return prometheus;
    } catch (error) {
      await prometheus.stop();
      if (attempt === 3 || !lostPort(error)) throw error;
    }
  }
}

function textOf(config: ConfigText, port: number): string | Promise<string> {
  return typeof config === 'string' ? config : config(port);
}

/** What the API says around an answer. */
interface Envelope {
  readonly status: string;
  readonly data?: unknown;
  readonly error?: string;
}

/** A running Prometheus. */
export class Prometheus {
  readonly port: number;
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly pid: number;
  /** Everything that it writes; removed by `stop()`. */
  readonly folder: string;
  readonly #server: ManagedProcess;
  readonly #configFile: string;

  /** Use {@link startPrometheus}. */
  constructor(server: ManagedProcess, port: number, folder: string, configFile: string) {
    this.#server = server;
    this.pid = server.pid;
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
    this.folder = folder;
    this.#configFile = configFile;
  }

  /** Whether it serves; asked while it starts. Errors: nobody answers. */
  async isReady(): Promise<boolean> {
    if ((await fetch(`${this.url}/-/ready`)).status !== 200) return false;
    // In a race for the port, the Prometheus of another test may answer there.
    const flags = (await this.#ask('/api/v1/status/flags')) as Readonly<Record<string, string>>;
    return flags['config.file'] === this.#configFile;
  }

  /** Gives it another configuration. Errors: with what Prometheus says, when it does not take it; the old one stays. */
  async reload(config: ConfigText): Promise<void> {
    const text = await textOf(config, this.port);
    const before = readFileSync(this.#configFile, 'utf8');
    writeFileSync(this.#configFile, text);
    const response = await fetch(`${this.url}/-/reload`, { method: 'POST' });
    if (response.status === 200) return;
    writeFileSync(this.#configFile, before);
    throw new Error(`prometheus: ${(await response.text()).trim()}`);
  }

  /** What it has found so far. */
  async targets(): Promise<Targets> {
    const data = (await this.#ask('/api/v1/targets')) as {
      readonly activeTargets: Targets['active'];
      readonly droppedTargets: Targets['dropped'];
    };
    return { active: data.activeTargets, dropped: data.droppedTargets };
  }

  /** The instant vector that an expression gives now. Errors: with what Prometheus says of the expression. */
  async query(promql: string): Promise<readonly Sample[]> {
    const { resultType, result } = (await this.#ask(
      `/api/v1/query?query=${encodeURIComponent(promql)}`,
    )) as VectorData;
    if (resultType !== 'vector') throw new Error(`${promql}: gives a ${resultType}, no vector`);
    return result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
  }

  /** Everything that it has logged. */
  logs(): string {
    return readFileSync(this.#server.logFile, 'utf8');
  }

  /** `waitFor` of wait.ts, half a minute at most, which ends at once when Prometheus has died. */
  waitFor<T>(
    what: string,
    condition: () => Promise<T | NotYet> | T | NotYet,
    options: WaitOptions = { timeoutMs: 30_000, intervalMs: 100 },
  ): Promise<T> {
    return this.#server.waitFor(what, condition, options);
  }

  /** The targets, as soon as they are as `test` wants them; the error tells the last ones. */
  untilTargets(what: string, test: (targets: Targets) => boolean): Promise<Targets> {
    return this.waitFor(what, async () => {
      const targets = await this.targets();
      if (test(targets)) return targets;
      throw new Error(JSON.stringify(targets, null, 2));
    });
  }

  /** Ends it and removes its data. May be called again. */
  async stop(): Promise<void> {
    await this.#server.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #ask(path: string): Promise<unknown> {
    const response = await fetch(`${this.url}${path}`);
    const text = await response.text();
    const answer = response.headers.get('content-type')?.startsWith('application/json') === true;
    const { status, data, error } = answer ? (JSON.parse(text) as Envelope) : { status: text.trim() };
    if (status !== 'success') throw new Error(`${path}: ${response.status} ${error ?? status}`);
    return data;
  }
}

interface VectorData {
  readonly resultType: string;
  readonly result: readonly {
    readonly metric: Readonly<Record<string, string>>;
    /** The time, and the value as text: it may be NaN or infinite. */
    readonly value: readonly [number, string];
  }[];
}
