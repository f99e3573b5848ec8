import { parseDuration } from '../core/duration.ts';
import type { EngineConfig } from '../core/engine-config.ts';
import { ACCESS_DIRECTORIES } from '../prometheus/jobs/access.ts';
import type { Component } from '../prometheus/jobs/components.ts';
import { defaultJobOptions } from '../prometheus/jobs/from-config.ts';
import { KUBE_STATE_RESOURCES, LIMITED_RESOURCES } from '../prometheus/jobs/kube-state-metrics.ts';
import type { Cluster, JobOptions } from '../prometheus/jobs/options.ts';
import type { ManifestOptions } from './manifest-options.ts';
import { UsageError } from './usage-error.ts';

export const FORMATS = ['prometheus', 'jobs', 'secret'] as const;
export const JOB_ROLES = ['pod', 'endpoints', 'endpointslice', 'service'] as const;
export const SLOW_INTERVAL = '5m';

export interface ScrapeConfigOptions extends ManifestOptions {
  readonly role: (typeof JOB_ROLES)[number];
  readonly dialect?: string;
  readonly namespaces?: readonly string[];
  readonly namespaceLabel: string;
  readonly podLabel: string;
  readonly containerLabel: string;
  /** True without a regular expression of its own. */
  readonly labelmap?: string | true;
  readonly appLabelFromContainer?: true;
  readonly slow?: string | true;
  readonly with?: readonly Component[];
  readonly resources?: readonly string[];
  readonly apiServer?: string;
  readonly tokenFile?: string;
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  readonly insecureSkipTlsVerify?: true;
  readonly format?: (typeof FORMATS)[number];
  readonly secretName?: string;
  readonly secretNamespace?: string;
  readonly secretKey?: string;
  readonly secretsDir?: string;
  readonly configmapsDir?: string;
  readonly jobPrefix: string;
  readonly printServices?: true;
  readonly printRbac?: true;
  readonly serviceAccount: { readonly namespace: string; readonly name: string };
}

/** Finds options that do not go together. Errors: UsageError, with both and what to do. */
export function checkOptions(options: ScrapeConfigOptions): void {
  for (const [isWrong, message] of conflicts(options)) if (isWrong) throw new UsageError(message);
}

function conflicts(options: ScrapeConfigOptions): readonly (readonly [isWrong: boolean, message: string])[] {
  const { role, printServices, printRbac, format, apiServer, tokenFile, caFile, certFile, keyFile } = options;
  const { namespaceLabel, podLabel, containerLabel } = options;
  const names = [namespaceLabel, podLabel, containerLabel];
  const manifests = [options.filename, options.namespace, options.namespaceLabels, options.recursive];
  const secret = [options.secretName, options.secretNamespace, options.secretKey];
  const credentials = [tokenFile, caFile, certFile, keyFile, options.insecureSkipTlsVerify];
  const components = options.with ?? [];
  const clusterWide = (options.resources ?? []).filter((name) => !isNamespaced(name));
  const isSet = (value: unknown): boolean => value !== undefined;
  return [
    [isSet(printServices) && isSet(printRbac), '--print-services and --print-rbac exclude each other'],
    [
      isSet(printServices) && role === 'pod',
      '--print-services is for Services; add --role endpointslice, endpoints or service',
    ],
    [
      isSet(printServices) && options.filename === undefined,
      '--print-services needs manifests: -f FILE, -f DIRECTORY or -f -',
    ],
    [
      printServices === undefined && manifests.some(isSet),
      '-f, -R, --namespace and --namespace-labels belong to --print-services; --namespaces a,b limits the jobs',
    ],
    [
      isSet(format) && (isSet(printServices) || isSet(printRbac)),
      '--format is for the jobs; --print-services and --print-rbac print objects for kubectl apply',
    ],
    [
      format !== 'secret' && secret.some(isSet),
      '--secret-name, --secret-namespace and --secret-key belong to --format secret',
    ],
    [
      apiServer === undefined && credentials.some(isSet),
      'credentials for the API server belong to --api-server URL; without it Prometheus uses its ServiceAccount',
    ],
    [isSet(tokenFile) && isSet(certFile), '--token-file and --cert-file exclude each other'],
    [
      isSet(certFile) !== isSet(keyFile),
      '--cert-file and --key-file belong together: a client certificate and its key',
    ],
    [
      isSet(caFile) && isSet(options.insecureSkipTlsVerify),
      '--ca-file and --insecure-skip-tls-verify exclude each other',
    ],
    [
      apiServer?.startsWith('http:') === true && credentials.some(isSet),
      'a token or certificate must not go over http; write https:// in --api-server',
    ],
    [
      isSet(options.dialect) && role !== 'pod',
      `--dialect is for --role pod; with --role ${role} the jobs read the printed Services`,
    ],
    [
      isSet(options.resources) && !components.includes('kube-state-metrics'),
      '--resources belongs to --with kube-state-metrics',
    ],
    [
      isSet(options.namespaces) && clusterWide.length > 0,
      `${clusterWide.join(', ')}: in no namespace, so that kube-state-metrics needs the whole cluster; leave out --namespaces, or these of --resources`,
    ],
    [new Set(names).size < names.length, `the labels must differ: ${names.join(', ')}`],
    [
      isSet(options.appLabelFromContainer) && names.includes('app'),
      '--app-label-from-container sets the label app, which another option names too',
    ],
  ];
}

function isNamespaced(resource: string): boolean {
  return KUBE_STATE_RESOURCES.get(resource)?.namespaced !== false;
}

/** What the jobs depend on, from the command line and podscrape's configuration. */
export function jobOptions(options: ScrapeConfigOptions, engine: EngineConfig): JobOptions {
  const defaults = defaultJobOptions(engine);
  const { labelmap, slow, dialect = defaults.dialect } = options;
  if (dialect === engine.annotationPrefix)
    throw new UsageError(
      `--dialect ${dialect}: podscrape’s own keys are there; scrapers need another prefix`,
    );
  const cluster = clusterOf(options);
  return {
    ...defaults,
    dialect,
    role: options.role,
    namespaces: options.namespaces ?? [],
    ...(cluster === undefined ? {} : { cluster }),
    labels: {
      namespace: options.namespaceLabel,
      pod: options.podLabel,
      container: options.containerLabel,
    },
    ...(labelmap === undefined ? {} : { labelmap: labelmap === true ? '(.+)' : labelmap }),
    appLabelFromContainer: options.appLabelFromContainer ?? false,
    ...(slow === undefined ? {} : { slow: slowTimes(slow === true ? SLOW_INTERVAL : slow) }),
    directories: {
      secrets: options.secretsDir ?? ACCESS_DIRECTORIES.secrets,
      configMaps: options.configmapsDir ?? ACCESS_DIRECTORIES.configMaps,
    },
    jobPrefix: options.jobPrefix,
  };
}

const SLOW_TIMEOUT = '30s';

function slowTimes(interval: string): { readonly interval: string; readonly timeout: string } {
  const isShorter = (parseDuration(interval) ?? 0) < (parseDuration(SLOW_TIMEOUT) ?? 0);
  return { interval, timeout: isShorter ? interval : SLOW_TIMEOUT };
}

function clusterOf(options: ScrapeConfigOptions): Cluster | undefined {
  const { apiServer, tokenFile, caFile, certFile, keyFile, insecureSkipTlsVerify } = options;
  if (apiServer === undefined) return undefined;
  const tls = {
    ...(caFile === undefined ? {} : { ca_file: caFile }),
    ...(certFile === undefined ? {} : { cert_file: certFile }),
    ...(keyFile === undefined ? {} : { key_file: keyFile }),
    ...(insecureSkipTlsVerify === undefined ? {} : { insecure_skip_verify: true }),
  };
  return {
    api_server: apiServer,
    ...(Object.keys(tls).length === 0 ? {} : { tls_config: tls }),
    ...(tokenFile === undefined ? {} : { authorization: { credentials_file: tokenFile } }),
  };
}

/** What kube-state-metrics is limited to; nothing where it has its own rights over the whole cluster. */
export function kubeStateResources(options: ScrapeConfigOptions): readonly string[] {
  if (options.with?.includes('kube-state-metrics') !== true) return [];
  return options.resources ?? (options.namespaces === undefined ? [] : LIMITED_RESOURCES);
}
