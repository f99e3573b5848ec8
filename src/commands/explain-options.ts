import { isIP } from 'node:net';

import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';

import { PRESETS } from '../prometheus/presets/index.ts';
import { dnsLabel, fileName } from './arguments.ts';
import { defineFiles, defineNamespace } from './manifest-options.ts';
import type { ManifestOptions } from './manifest-options.ts';
import { UsageError } from './usage-error.ts';

const FORMATS = ['table', 'json', 'yaml'] as const;

/** podscrape's own jobs, as its configuration makes them. */
export const OWN_PRESET = 'podscrape';

export interface ExplainOptions extends ManifestOptions {
  readonly output: (typeof FORMATS)[number];
  readonly prometheusConfig?: string;
  readonly preset?: string;
  readonly job?: readonly string[];
  readonly podIp?: string;
  readonly prometheus?: string;
  readonly prometheusTokenFile?: string;
  readonly prometheusCaFile?: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly allRules?: boolean;
}

export function define(command: Command): void {
  const presets = [OWN_PRESET, ...PRESETS.map(({ name }) => name)];
  command.argument(
    '[pod/name]',
    'a Pod of the cluster, instead of manifests; its namespace is -n, else that of the kubeconfig’s context',
    podName,
  );
  defineFiles(command);
  defineNamespace(command);
  command
    .addOption(new Option('-o, --output <format>', 'how to print it').choices(FORMATS).default('table'))
    .option(
      '--kubeconfig <file>',
      'with pod/NAME: kubeconfig (default: KUBECONFIG, ~/.kube/config, in a Pod its own)',
      fileName,
    )
    .option('--context <name>', 'with pod/NAME: context of the kubeconfig (default: its current one)')
    .option(
      '--prometheus-config <file>',
      'scrape jobs to explain: a prometheus.yml, a list of jobs, or a Secret or ConfigMap with one; - is standard input',
      fileName,
    )
    .addOption(
      new Option('--preset <name>', 'well-known scrape jobs to explain (default: podscrape)').choices(
        presets,
      ),
    )
    .option(
      '--job <name>',
      'explain this job only; may be repeated',
      (name: string, names: readonly string[] | undefined) => [...(names ?? []), name],
    )
    .option('--pod-ip <address>', 'address of a Pod that does not run yet (default: 10.0.0.7)', address)
    .option('--all-rules', 'in the table: rules that do nothing, too')
    .option('--prometheus <url>', 'ask this running Prometheus how the targets are')
    .option('--prometheus-token-file <file>', 'with --prometheus: a bearer token', fileName)
    .option('--prometheus-ca-file <file>', 'with --prometheus: the CA that signed its certificate', fileName)
    .addHelpText(
      'after',
      `
Says of every Pod and workload what podscrape would do with it and why, which targets a Prometheus would discover
and what each relabelling rule of its jobs makes of them; with --prometheus also how the targets are. Nothing is
changed.

The exit code is 1, too, when a request is refused, or the API server would refuse the object; and 2 when a target that
was asked for would not be scraped (with --prometheus: is not, or is down), or an object that asks is not whole.

Examples:
  podscrape explain -f deployment.yaml
  podscrape explain -f deployment.yaml --preset prometheus-community
  podscrape explain pod/web-0 -n shop --prometheus-config prometheus.yml --job kubernetes-pods
  podscrape explain pod/web-0 -n shop --prometheus http://localhost:9090`,
    );
}

/** Errors: UsageError for options that exclude or need each other. */
export function checkOptions(options: ExplainOptions, pod: string | undefined): void {
  const { filename = [], prometheusConfig, preset, prometheus } = options;
  if (pod === undefined && filename.length === 0)
    throw new UsageError(
      'what is to be explained? Give -f FILE, -f DIRECTORY or -f -, or pod/NAME of a cluster',
    );
  if (pod !== undefined && filename.length > 0)
    throw new UsageError(`pod/${pod} and -f exclude each other; explain one after the other`);
  if (prometheusConfig === '-' && filename.includes('-'))
    throw new UsageError(
      '-f - and --prometheus-config - are given, but standard input can be read once only; give one as a file',
    );
  if (prometheusConfig !== undefined && preset !== undefined)
    throw new UsageError('--prometheus-config and --preset exclude each other; give one');
  for (const name of ['prometheusTokenFile', 'prometheusCaFile'] as const) {
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    if (options[name] !== undefined && prometheus === undefined)
      throw new UsageError(`${flag} needs --prometheus URL`);
  }
  for (const name of ['kubeconfig', 'context'] as const) {
    if (options[name] !== undefined && pod === undefined)
      throw new UsageError(`--${name} is for a Pod of a cluster; give pod/NAME instead of -f`);
  }
  if (prometheus !== undefined && !/^https?:\/\/[^/]/.test(prometheus))
    throw new UsageError(
      `--prometheus ${prometheus}: a URL such as http://localhost:9090 is wanted${urlMeant(prometheus)}`,
    );
}

/** `HOST` and `HOST:PORT` lack the scheme alone. */
function urlMeant(text: string): string {
  return /^[\w.-]+(?::\d+)?(?:\/|$)/.test(text) ? `; did you mean http://${text}?` : '';
}

/** `pod/web`, as kubectl takes it. */
export function podName(text: string): string {
  const [, name] = /^(?:po|pods?)\/(.+)$/.exec(text) ?? [];
  if (name === undefined) {
    const meant = text.includes('/')
      ? `workloads are explained from manifests (kubectl get ${text} -o yaml | podscrape explain -f -)`
      : `did you mean pod/${text}?`;
    throw new InvalidArgumentError(`It must be pod/NAME; ${meant}; manifests are given with -f.`);
  }
  name.split('.').forEach(dnsLabel);
  return name;
}

function address(text: string): string {
  if (isIP(text) !== 0) return text;
  throw new InvalidArgumentError('It must be an IPv4 or IPv6 address, such as 10.0.0.7 or fd00::7.');
}
