import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';

import { CertificateError } from '../certificates/error.ts';
import { alternativeNames, DEFAULT_DNS_NAMES } from '../certificates/names.ts';
import { dnsLabel, dnsSubdomain, wholeNumber } from './arguments.ts';
import { DEFAULT_LEASE } from './certificates.ts';
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
        'keep certificates made by podscrape here; without this, --tls-cert and --cert-secret they live in memory',
      ).conflicts(['tlsCert', 'tlsKey']),
    )
    .addOption(
      new Option(
        '--cert-secret <name>',
        'keep an authority and certificates made by podscrape in this Secret of its namespace, for all replicas',
      )
        .conflicts(['tlsCert', 'tlsKey', 'certDir'])
        .argParser(dnsSubdomain),
    )
    .option(
      '--lease <name>',
      `Lease of the replica that renews what --cert-secret keeps (default: ${DEFAULT_LEASE})`,
      dnsSubdomain,
    )
    .option(
      '--no-publish-ca',
      'with --cert-secret: leave the caBundle of the webhook configurations to someone else',
    )
    .option(
      '--dns-name <name...>',
      `names and addresses that a certificate made by podscrape is for (default: ${DEFAULT_DNS_NAMES.join(' ')})`,
      dnsNames,
    )
    .option(
      '--client-ca-file <file>',
      'PEM file with the CAs of client certificates; clients without one, the API server too, are refused',
    )
    .option(
      '--client-name <name...>',
      'names, common or alternative, of which a client certificate must have one (default: any)',
    )
    .option(
      '--health-host <address>',
      'address to serve probes and metrics on, plain HTTP',
      SERVE_DEFAULTS.healthHost,
    )
    .option('--health-port <number>', 'port to serve probes and metrics on', port, SERVE_DEFAULTS.healthPort)
    .option(
      '--kubeconfig <file>',
      'kubeconfig for namespaces and --cert-secret (default: the Pod’s ServiceAccount; outside a cluster nobody watches)',
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
  for (const [flag, value] of Object.entries({
    '--lease': options.lease,
    '--no-publish-ca': options.publishCa === false ? true : undefined,
  })) {
    if (value !== undefined && options.certSecret === undefined) {
      throw new UsageError(`${flag} belongs to --cert-secret; give --cert-secret NAME, or leave it out`);
    }
  }
  if (options.certSecret !== undefined && options.dnsName === undefined) {
    throw new UsageError(
      '--cert-secret without --dns-name: name it as the API server calls it, --dns-name SERVICE.NAMESPACE.svc',
    );
  }
  if (options.clientName !== undefined && options.clientCaFile === undefined) {
    throw new UsageError('--client-name without --client-ca-file: nobody would check the certificate itself');
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
