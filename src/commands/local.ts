import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';

import { parseDuration } from '../core/duration.ts';
import { quoted } from '../core/text.ts';
import { yamlText } from '../core/yaml-text.ts';
import { DEFAULT_PROMETHEUS_PORT, SELF, localCommands, localConfig } from '../prometheus/local.ts';
import type { LocalProgram, LocalSetup } from '../prometheus/local.ts';
import { wholeNumber } from './arguments.ts';
import type { CommandIo } from './command.ts';
import { UsageError } from './usage-error.ts';

type Port = Pick<LocalProgram, 'port'> & Partial<LocalProgram>;

export interface LocalOptions {
  readonly port?: readonly Port[];
  readonly name?: string;
  readonly interval: string;
  readonly path: string;
  readonly scheme: LocalSetup['scheme'];
  readonly insecureSkipVerify?: boolean;
  readonly prometheusPort: number;
  readonly dockerVm?: boolean;
}

/** Where controller-runtime, and many another program, serves its metrics unless told otherwise. */
const DEFAULT_PORT = 8080;

export function define(command: Command): void {
  command
    .option(
      '--port <[name=]number>',
      `port of a program on this machine, and how its job is called; may be repeated (default: ${DEFAULT_PORT})`,
      (text: string, before: readonly Port[] | undefined) => [...(before ?? []), portOf(text)],
    )
    .option('--name <name>', 'the job of the one --port that has no name (default: localhost-PORT)', nameOnce)
    .option('--interval <duration>', 'how often to scrape', interval, '5s')
    .option('--path <path>', 'where the metrics are', path, '/metrics')
    .addOption(
      new Option('--scheme <scheme>', 'how to ask for them').choices(['http', 'https']).default('http'),
    )
    .option('--insecure-skip-verify', 'with --scheme https: accept any certificate, such as a self-made one')
    .option(
      '--prometheus-port <number>',
      'where Prometheus is to listen',
      wholeNumber(1, 65_535),
      DEFAULT_PROMETHEUS_PORT,
    )
    .option(
      '--docker-vm',
      'Prometheus is to run in Docker Desktop, Colima, podman machine or the like, whose containers live in a virtual ' +
        'machine',
    )
    .addHelpText(
      'after',
      `
Prints a prometheus.yml that watches programs on this machine, such as a controller that is being written, and says
how to run Prometheus with it.

Examples:
  podscrape local --name manager > prometheus.yml
  podscrape local --port web=3000 --port worker=9102 --interval 1s > prometheus.yml`,
    );
}

/** Prints the configuration; the commands that run Prometheus with it are for people, on standard error. */
export async function run(options: LocalOptions, { stdout, stderr }: CommandIo): Promise<number> {
  const setup: LocalSetup = {
    ...options,
    programs: programsOf(options),
    insecureSkipVerify: options.insecureSkipVerify === true,
    dockerVm: options.dockerVm === true,
  };
  if (setup.insecureSkipVerify && setup.scheme === 'http')
    throw new UsageError('--insecure-skip-verify is about certificates; give --scheme https too');
  stdout.write(yamlText(localConfig(setup)));
  stderr.write(advice(setup));
  return 0;
}

function advice(setup: LocalSetup): string {
  const { docker, binary } = localCommands(setup);
  const open =
    `Then open http://localhost:${setup.prometheusPort}. It answers this machine alone; write 0.0.0.0 in place of\n` +
    '127.0.0.1 where others are to open it too.\n';
  if (binary === undefined) return `With this in the file prometheus.yml, run\n\n  ${docker}\n\n${open}`;
  return (
    `With this in the file prometheus.yml, run one of\n\n  ${docker}\n  ${binary}\n\n${open}` +
    'Where containers live in a virtual machine (Docker Desktop, Colima, podman machine), --net=host is the network\n' +
    'of that machine, and localhost is not this one: print the file with --docker-vm.\n'
  );
}

/** Every program with its name. Errors: UsageError where names or ports are not told apart. */
function programsOf({ port: ports = [{ port: DEFAULT_PORT }], name, prometheusPort }: LocalOptions) {
  const nameless = ports.filter((one) => one.name === undefined);
  if (name !== undefined && nameless.length !== 1) {
    const those = nameless.map(({ port }) => String(port)).join(', ');
    const why = those === '' ? 'every --port has a name' : `--port ${those} have none`;
    throw new UsageError(`--name ${name} is for one program, but ${why}; write --port NAME=PORT for each`);
  }
  const programs = ports.map(({ port, name: own }) => ({ port, name: own ?? name ?? `localhost-${port}` }));
  for (const [index, { name: job, port }] of programs.entries()) {
    const others = programs.slice(0, index);
    if (job === SELF)
      throw new UsageError(
        `the job ${SELF} is the one in which Prometheus scrapes itself; choose another name`,
      );
    if (others.some((other) => other.port === port))
      throw new UsageError(`port ${port} is given twice; only one program can listen there`);
    if (others.some((other) => other.name === job))
      throw new UsageError(`two programs are called ${job}; Prometheus wants each job to have its own name`);
    if (port === prometheusPort)
      throw new UsageError(
        `port ${port} is that of ${job}, and Prometheus is to listen there too; give it another with --prometheus-port`,
      );
  }
  return programs;
}

const PORT = wholeNumber(1, 65_535);

function portOf(text: string): Port {
  const cut = text.lastIndexOf('=');
  const port = PORT(text.slice(cut + 1));
  return cut === -1 ? { port } : { port, name: jobName(text.slice(0, cut)) };
}

function nameOnce(text: string, before: string | undefined): string {
  if (before === undefined) return jobName(text);
  throw new InvalidArgumentError(
    `It is given twice, after ${quoted(before)}; write --port NAME=PORT for each.`,
  );
}

function jobName(text: string): string {
  if (/^\w[\w./-]{0,99}$/.test(text)) return text;
  throw new InvalidArgumentError(
    'A name must have up to 100 letters, digits, underscores, dots, slashes and dashes, and begin with one of the ' +
      'first three.',
  );
}

function interval(text: string): string {
  if ((parseDuration(text) ?? 0) > 0) return text;
  const meant = /^[1-9]\d{0,5}$/.test(text) ? ` Did you mean ${text}s?` : '';
  throw new InvalidArgumentError(
    `It must be a Prometheus duration above zero, such as 5s, 500ms or 1m30s.${meant}`,
  );
}

function path(text: string): string {
  if (/^\/[^\s?#]*$/.test(text)) return text;
  throw new InvalidArgumentError('It must begin with / and have no blank, no ? and no #.');
}
