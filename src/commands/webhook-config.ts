import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';

import { CertificateError } from '../certificates/error.ts';
import { readCaBundle } from '../certificates/files.ts';
import { loadConfig } from '../config/load.ts';
import { validatingWebhookConfiguration, webhookConfiguration } from '../core/webhook-configuration.ts';
import type {
  FailurePolicy,
  WebhookAddress,
  WebhookConfigurationOptions,
} from '../core/webhook-configuration.ts';
import { yamlText } from '../core/yaml-text.ts';
import { dnsLabel, wholeNumber } from './arguments.ts';
import type { CommandIo } from './command.ts';
import { fail } from './fail.ts';
import { UsageError } from './usage-error.ts';

export interface WebhookConfigOptions {
  /** A base URL, checked; without a slash at its end. */
  readonly url?: string;
  readonly service?: { readonly namespace: string; readonly name: string };
  readonly servicePort?: number;
  readonly caFile?: string;
  readonly config?: string;
  readonly failurePolicy: FailurePolicy;
  readonly validatingFailurePolicy: FailurePolicy;
  readonly timeoutSeconds: number;
  readonly namespace?: string;
}

export function define(command: Command): void {
  command
    .option(
      '--url <url>',
      'base URL of the webhook, as the API server reaches it: https://HOST:PORT',
      baseUrl,
    )
    .option('--service <namespace/name>', 'Service in front of the webhook, instead of --url', service)
    .option('--service-port <number>', 'port of the Service (default: 443)', wholeNumber(1, 65535))
    .option('--ca-file <file>', 'PEM file with the CA certificates that the API server is to trust')
    .option(
      '--config <file>',
      'podscrape’s configuration file; the entries follow its optIn, workloads, policies and prefix',
    )
    .addOption(
      new Option('--failure-policy <policy>', 'what happens to objects while the webhook is away')
        .choices(['Ignore', 'Fail'])
        .default('Ignore'),
    )
    .addOption(
      new Option('--validating-failure-policy <policy>', 'the same, where a policy may deny them')
        .choices(['Ignore', 'Fail'])
        .default('Ignore'),
    )
    .option('--timeout-seconds <number>', 'how long the API server waits', wholeNumber(1, 30), 3)
    .option(
      '--namespace <name>',
      'podscrape’s own namespace, left out (default: that of --service)',
      dnsLabel,
    )
    .addHelpText(
      'after',
      '\nExample: podscrape webhook-config --service monitoring/podscrape | kubectl apply -f -',
    );
}

/** Prints the configurations as a YAML stream, or nothing at all when something is wrong. */
export async function run(options: WebhookConfigOptions, io: CommandIo): Promise<number> {
  const address = addressOf(options);
  const loaded = await loadConfig(options.config);
  if (!loaded.ok) return fail(io, loaded.problems);
  const { engine } = loaded.config;
  const own = options.namespace ?? options.service?.namespace;
  try {
    const bundle = options.caFile === undefined ? undefined : await readCaBundle(options.caFile, new Date());
    const common: WebhookConfigurationOptions = {
      ...engine,
      address,
      excludedNamespaces: [...(own === undefined ? [] : [own]), ...engine.excludedNamespaces],
      failurePolicy: options.failurePolicy,
      timeoutSeconds: options.timeoutSeconds,
      ...(bundle !== undefined && { caBundle: Buffer.from(bundle.pem).toString('base64') }),
    };
    const validating = { ...common, failurePolicy: options.validatingFailurePolicy };
    const documents = [webhookConfiguration(common), validatingWebhookConfiguration(validating)];
    for (const note of bundle?.warnings ?? [NO_CA]) io.stderr.write(`note: ${note}\n`);
    io.stdout.write(stream(documents));
    return 0;
  } catch (error) {
    if (error instanceof CertificateError) return fail(io, [error.message]);
    throw error;
  }
}

function stream(documents: readonly (object | undefined)[]): string {
  return documents
    .filter((document) => document !== undefined)
    .map(yamlText)
    .join('---\n');
}

const NO_CA =
  'without --ca-file there is no caBundle: the API server trusts the webhook only if its host does, or once ' +
  'something such as cert-manager’s ca-injector has filled it in';

function addressOf({ url, service: target, servicePort }: WebhookConfigOptions): WebhookAddress {
  if (url !== undefined && target !== undefined)
    throw new UsageError('--url and --service exclude each other');
  if (url !== undefined) {
    if (servicePort !== undefined)
      throw new UsageError('--service-port belongs to --service; write the port into --url');
    return { url };
  }
  if (target === undefined) {
    throw new UsageError('where is the webhook? Give --url https://HOST:PORT or --service NAMESPACE/NAME');
  }
  return { service: { ...target, port: servicePort ?? 443 } };
}

/** What the apiserver refuses in a URL is refused here, where the message can say it better. */
function baseUrl(text: string): string {
  const refuse = (because: string): InvalidArgumentError =>
    new InvalidArgumentError(
      `${because} A base such as https://10.0.0.7:8443 is wanted; the paths are appended.`,
    );
  // new URL would take white space out without a word.
  const url = /\s/.test(text) ? null : URL.parse(text);
  if (url === null) throw refuse('It is no URL.');
  if (url.protocol !== 'https:') throw refuse('The API server speaks https only.');
  if (url.username !== '' || url.password !== '') throw refuse('The API server refuses a user in it.');
  if (text.includes('?')) throw refuse('The API server refuses a query in it.');
  if (text.includes('#')) throw refuse('The API server refuses a fragment in it.');
  return url.href.replace(/\/+$/, '');
}

function service(text: string): { namespace: string; name: string } {
  const parts = text.split('/');
  const [namespace, name] = parts;
  if (parts.length !== 2 || namespace === undefined || name === undefined) {
    throw new InvalidArgumentError('It must be NAMESPACE/NAME, such as monitoring/podscrape.');
  }
  return { namespace: dnsLabel(namespace), name: dnsLabel(name) };
}
