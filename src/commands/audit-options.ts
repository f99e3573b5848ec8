import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';

import { PRESETS } from '../prometheus/presets/index.ts';
import { dnsLabel } from './arguments.ts';
import { OWN_PRESET } from './explain-options.ts';
import { UsageError } from './usage-error.ts';

const FORMATS = ['table', 'json', 'yaml'] as const;

export interface AuditOptions {
  /** All of them where none is named. */
  readonly namespace?: readonly string[];
  readonly selector?: string;
  readonly config?: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly prometheusConfig?: string;
  readonly preset?: string;
  readonly job?: readonly string[];
  readonly output: (typeof FORMATS)[number];
  readonly printRbac?: boolean;
}

export function define(command: Command): void {
  const presets = [OWN_PRESET, ...PRESETS.map(({ name }) => name)];
  command
    .option(
      '-n, --namespace <name>',
      'look in this namespace; may be repeated (default: all namespaces)',
      (name: string, names: readonly string[] | undefined) => [...(names ?? []), dnsLabel(name)],
    )
    .option(
      '-l, --selector <labels>',
      'look at the Pods with these labels only, as kubectl takes them',
      selector,
    )
    .option('--config <file>', 'the configuration that is in force (default: every default)')
    .option('--kubeconfig <file>', 'kubeconfig (default: KUBECONFIG, ~/.kube/config, in a Pod its own)')
    .option('--context <name>', 'context of the kubeconfig (default: its current one)')
    .option(
      '--prometheus-config <file>',
      'the scrape jobs of your Prometheus: a prometheus.yml, a list of jobs, or a Secret or ConfigMap with one',
    )
    .addOption(
      new Option('--preset <name>', 'well-known scrape jobs instead (default: podscrape)').choices(presets),
    )
    .option(
      '--job <name>',
      'of the scrape jobs this one only; may be repeated',
      (name: string, names: readonly string[] | undefined) => [...(names ?? []), name],
    )
    .addOption(new Option('-o, --output <format>', 'how to print it').choices(FORMATS).default('table'))
    .option('--print-rbac', 'print the ClusterRole that an audit needs instead')
    .addHelpText(
      'after',
      `
Says what a live cluster has missed: Pods that ask and were not injected, that an older configuration injected
otherwise, whose record does not match them, or that no scrape job finds. It reads, and changes nothing.

The exit code is 2, too, when something was missed.

Examples:
  podscrape audit
  podscrape audit -n shop -n blog --config podscrape.yaml
  podscrape audit -o json | jq -r '.findings[] | select(.level == "missed") | .remedy.command // empty'
  podscrape audit --print-rbac | kubectl apply -f -`,
    );
}

/** Errors: UsageError for options that exclude each other. */
export function checkOptions({ prometheusConfig, preset }: AuditOptions): void {
  if (prometheusConfig !== undefined && preset !== undefined)
    throw new UsageError('--prometheus-config and --preset exclude each other; give one');
}

function selector(text: string): string {
  if (text.trim() !== '') return text;
  throw new InvalidArgumentError('It must name labels, such as app=web or tier in (a,b).');
}
