import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';

import { CertificateError } from '../certificates/error.ts';
import { alternativeNames, DEFAULT_DNS_NAMES } from '../certificates/names.ts';
import { dnsLabel, wholeNumber } from './arguments.ts';
import type { CommandIo } from './command.ts';
import { serve, SERVE_DEFAULTS } from './serve.ts';
import type { ServeOptions } from './serve.ts';
import { UsageError } from './usage-error.ts';

export function define(command: Command): void {
  const port = wholeNumber(0, 65535);
  command
    .option('--config <file>', 'configuration file (YAML); every default without one')
    .option('--host <address>', 'address to serve HTTPS on', SERVE_DEFAULTS.host)
    .option('--port <number>', 'port to serve HTTPS on; 0 takes a free one', port, SERVE_DEFAULTS.port)
    .option('--tls-cert <file>', 'PEM file with the certificate, and its chain after it')
    .option('--tls-key <file>', 'PEM file with the private key of --tls-cert')
    .addOption(
      new Option(
        '--cert-dir <directory>',
        'keep certificates made by podscrape here; without this and --tls-cert they live in memory',
      ).conflicts(['tlsCert', 'tlsKey']),
    )
    .option(
      '--dns-name <name...>',
      `names and addresses that a certificate made by podscrape is for (default: ${DEFAULT_DNS_NAMES.join(' ')})`,
      dnsNames,
    )
    .option(
      '--health-host <address>',
      'address to serve probes and metrics on, plain HTTP',
      SERVE_DEFAULTS.healthHost,
    )
    .option('--health-port <number>', 'port to serve probes and metrics on', port, SERVE_DEFAULTS.healthPort)
    .option(
      '--kubeconfig <file>',
      'kubeconfig to watch namespaces with (default: the Pod’s ServiceAccount; outside a cluster nobody watches)',
    )
    .option('--context <name>', 'context of --kubeconfig (default: its current one)')
    .option(
      '--namespace <name>',
      'podscrape’s own namespace, never touched (default: $POD_NAMESPACE)',
      dnsLabel,
    );
}

type ServeArguments = Omit<ServeOptions, 'dnsName'> & { readonly dnsName?: readonly string[] };

export async function run(options: ServeArguments, io: CommandIo): Promise<number> {
  if (options.tlsCert !== undefined && options.tlsKey === undefined) {
    throw new UsageError('--tls-cert without --tls-key: give both or neither');
  }
  if (options.tlsKey !== undefined && options.tlsCert === undefined) {
    throw new UsageError('--tls-key without --tls-cert: give both or neither');
  }
  return serve({ ...options, dnsName: options.dnsName ?? [] }, io);
}

function dnsNames(name: string, earlier: readonly string[] = []): string[] {
  try {
    alternativeNames([name]);
  } catch (error) {
    if (error instanceof CertificateError) throw new InvalidArgumentError(`${error.message}.`);
    throw error;
  }
  return [...earlier, name];
}
