import { POLICY_MODES } from './policy.ts';
import type { Parsed } from './values.ts';
import {
  choice,
  limited,
  parseAddress,
  parseContainer,
  parseInterval,
  parseKeyReference,
  parseLabels,
  parseNames,
  parseParams,
  parsePath,
  parsePort,
  parseQuantityOrNone,
  parseScheme,
  parseStatsdMapping,
  parseSwitch,
  parseTrueFalse,
} from './values.ts';

/** One key that people may set, as an annotation or as a label. */
export interface AnnotationRow<T> {
  readonly summary: string;
  /** The allowed values, in words. */
  readonly allowed: string;
  readonly default: string;
  /** Where the key is read: on Pods and workloads, on namespaces, or on both. */
  readonly on: 'pod' | 'namespace' | 'both';
  readonly parse: (text: string) => Parsed<T>;
}

const row = <T>(
  summary: string,
  allowed: string,
  defaultValue: string,
  parse: (text: string) => Parsed<T>,
  on: AnnotationRow<T>['on'] = 'pod',
): AnnotationRow<T> => ({ summary, allowed, default: defaultValue, parse, on });

/** The list is parsed where its places can be named (`target-list.ts`); it is kept short because YAML is slow. */
const TARGETS_LIMIT = 8192;
const rawTargets = limited((text): Parsed<string> => ({ ok: true, value: text }), TARGETS_LIMIT);

const QUANTITY = 'a Kubernetes quantity within the configured bounds, or none';

/**
 * The one table of keys under the annotation prefix. Parsing, the hints for misspelt keys and the documentation
 * derive from it; a new key is a row.
 */
export const ANNOTATIONS = {
  inject: row(
    'Whether podscrape may touch the Pod.',
    'enabled, true, disabled or false',
    'none',
    parseSwitch,
    'both',
  ),
  profile: row(
    'What the application is.',
    'profile names, comma-separated',
    'the policy’s, the namespace’s or the configuration’s, else http when any other attribute is set',
    parseNames,
  ),
  scheme: row('How to scrape the application.', 'http or https', 'http', parseScheme),
  path: row(
    'Where the application serves metrics.',
    'absolute path, printable ASCII, at most 1024',
    '/metrics',
    parsePath,
  ),
  port: row(
    'The port that serves metrics.',
    'a number from 1 to 65535 or the name of a declared port',
    'a declared port named metrics or *-metrics, else the profile’s, else 8080',
    parsePort,
  ),
  params: row(
    'Query parameters of the scrape.',
    'a query string, such as format=prometheus',
    'none',
    parseParams,
  ),
  interval: row(
    'How often to scrape.',
    'a Prometheus duration or inherit',
    'the profile’s, else 15s',
    parseInterval,
  ),
  timeout: row(
    'When to give up a scrape.',
    'a Prometheus duration, at most the interval, or inherit',
    'the profile’s, else 5s',
    parseInterval,
  ),
  container: row(
    'The container that the attributes describe.',
    'the name of a container',
    'the one that declares the port, else kubectl’s default container, else the first application container',
    parseContainer,
  ),
  targets: row(
    'Several targets.',
    'a YAML or JSON list of {container, port, path, scheme, params, interval, timeout}',
    'none',
    rawTargets,
  ),
  'native-sidecar': row(
    'Whether the exporter is a native sidecar (an init container that keeps running).',
    'auto, true or false',
    'auto: only where the Pod is to end',
    choice(['auto', 'true', 'false']),
  ),
  'app-env': row(
    'Whether podscrape may set the application’s variables.',
    'auto or off',
    'auto',
    choice(['auto', 'off']),
  ),
  'operator-mode': row(
    'Whether a monitor scrapes the Pod instead of who reads annotations, which are left out then.',
    'true or false',
    'the policy’s, else false',
    parseTrueFalse,
  ),
  'monitor-type': row(
    'What kind of monitor it is; service and ingress need operator mode.',
    'pod, service or ingress',
    'pod',
    choice(['pod', 'service', 'ingress']),
  ),
  'statsd-mapping': row(
    'The mapping of the statsd exporter.',
    'a statsd_exporter mapping, YAML, as its --check-config accepts it; at most 32 KiB',
    'the profile’s',
    parseStatsdMapping,
  ),
  'statsd-mapping-configmap': row(
    'A ConfigMap of the Pod’s namespace with the mapping; it may be missing.',
    'NAME or NAME/KEY',
    'none',
    parseKeyReference('mapping.yaml'),
  ),
  'exporter-address': row(
    'What the exporter connects to, or where the cluster’s own Pushgateway is; no passwords, which go into a Secret.',
    'HOST:PORT or a URI, as the exporter takes it, at most 2048 characters',
    'the exporter’s (redis: redis://127.0.0.1:6379), else none',
    parseAddress,
  ),
  'exporter-secret': row(
    'The Secret of the Pod’s namespace with the exporter’s DSN, URL or password; referred to, never read; it may be missing.',
    'NAME/KEY',
    'none',
    parseKeyReference(undefined),
  ),
  'exporter-cpu-request': row(
    'The exporter’s CPU request.',
    QUANTITY,
    'the exporter’s, mostly 10m',
    parseQuantityOrNone,
  ),
  'exporter-cpu-limit': row(
    'The exporter’s CPU limit.',
    QUANTITY,
    'the exporter’s, mostly 100m',
    parseQuantityOrNone,
  ),
  'exporter-memory-request': row(
    'The exporter’s memory request.',
    QUANTITY,
    'the exporter’s, mostly 32Mi',
    parseQuantityOrNone,
  ),
  'exporter-memory-limit': row(
    'The exporter’s memory limit.',
    QUANTITY,
    'the exporter’s, mostly 128Mi',
    parseQuantityOrNone,
  ),
  'default-profile': row(
    'The profile of Pods of the namespace that name none.',
    'profile names, comma-separated',
    'the configuration’s',
    parseNames,
    'namespace',
  ),
  mode: row(
    'A tighter mode for the namespace than its policy’s; a label.',
    'audit, inject, warn or enforce',
    'the policy’s',
    choice(POLICY_MODES),
    'namespace',
  ),
  'monitor-labels': row(
    'Labels for the monitors of the namespace.',
    'KEY=VALUE, comma-separated',
    'the configuration’s',
    parseLabels,
    'namespace',
  ),
} as const;

export type AnnotationName = keyof typeof ANNOTATIONS;
export const ANNOTATION_NAMES = Object.keys(ANNOTATIONS) as readonly AnnotationName[];

/** The parsed type of a key's value. */
export type ValueOf<N extends AnnotationName> =
  (typeof ANNOTATIONS)[N] extends AnnotationRow<infer T> ? T : never;

/** Keys under the prefix that podscrape writes itself; never a request. */
export function isWrittenByPodscrape(name: string): boolean {
  return name === 'status' || name === 'hoisted' || name === 'mapping' || name.startsWith('mapping-');
}

/** `inject` says who is in; the others ask for something. */
export function isAttribute(name: AnnotationName): boolean {
  return name !== 'inject';
}

/** The keys that are a request on a Pod or a workload, `inject` among them. */
export const REQUEST_NAMES = ANNOTATION_NAMES.filter((name) => ANNOTATIONS[name].on !== 'namespace');
