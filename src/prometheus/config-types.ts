import {
  choice as plainChoice,
  flag as plainFlag,
  listOf,
  mapOf,
  number,
  record,
  text,
} from '../core/go-yaml-decode.ts';
import type { Type } from '../core/go-yaml-decode.ts';
import { isNullTag, resolveScalar } from '../core/statsd-mapping-scalars.ts';
import type { MappingNode } from '../core/statsd-mapping-yaml.ts';
import { clip, oneOf, quoted } from '../core/text.ts';
import { OTHER_DISCOVERIES, unknownKey } from './config-keys.ts';
import { urlFault } from './go-url.ts';
import { ACTIONS, ROLES } from './scrape-config.ts';

/**
 * What a prometheus.yml may hold, key by key, as Prometheus' structs are declared (prometheus/prometheus `config`,
 * `discovery/kubernetes`; prometheus/common `config`). It reads YAML with the library that statsd_exporter has too, so
 * the reading of scalars, nulls, aliases and merge keys is shared.
 */

/** Whatever Prometheus makes of it, targets do not depend on it; keys that are given twice are still faults. */
const anything: Type = (reading, node, place) => {
  if (node.kind === 'list')
    node.items.forEach((item, index) => reading.read(anything, item, `${place}[${index}]`));
  if (node.kind !== 'map') return undefined;
  const keys = new Set<string>();
  for (const [key, value] of node.entries) {
    const name = key.kind === 'scalar' ? key.text : '';
    const at = `${place}.${/^[\w-]{1,32}$/.test(name) ? name : quoted(name)}`;
    if (keys.has(name) && name !== '<<') reading.fault(at, 'is given twice; leave one out');
    keys.add(name);
    reading.read(anything, value, at);
  }
  return undefined;
};

/** A null that the library sees before it looks at the type: the default holds. `Null` and `NULL` come later. */
function isNull(node: MappingNode): boolean {
  if (node.kind === 'alias') return isNull(node.target);
  if (node.kind !== 'scalar' || !node.bare) return isNullTag(node.tag);
  return node.text === 'null' || node.text === '~' || node.text === '';
}

/** A null means that the default holds. */
function optional(type: Type): Type {
  return (reading, node, place, old) => (isNull(node) ? undefined : reading.read(type, node, place, old));
}

/** A list, with a word for who leaves the brackets out. */
function list(type: Type): Type {
  const plainList = listOf(type);
  return (reading, node, place, old) =>
    node.kind === 'scalar' && !/^(?:null|Null|NULL|~)?$/.test(node.text)
      ? reading.fault(place, `${quoted(node.text)} is not a list; write [${clip(node.text, 32)}]`)
      : reading.read(plainList, node, place, old);
}

/** One of a few words; the library lets a quoted "null" past them, which fails further on. */
function choice(words: readonly string[], empty?: string): Type {
  const plain = plainChoice(words, empty);
  return (reading, node, place, old) => {
    const isQuotedNull = node.kind === 'scalar' && !node.bare && /^(?:null|~)$/.test(node.text);
    if (!isQuotedNull || node.tag !== '') return reading.read(plain, node, place, old);
    return reading.fault(place, `${quoted(node.text)} is not ${oneOf(words)}`);
  };
}

/** True or false, with a word for who quotes them. */
const flag: Type = (reading, node, place, old) => {
  const isQuoted = node.kind === 'scalar' && !node.bare && /^(?:true|false|yes|no|on|off)$/i.test(node.text);
  if (!isQuoted || node.tag !== '') return reading.read(plainFlag, node, place, old);
  return reading.fault(place, `${quoted(node.text)} is a text; write it without quotes`);
};

const struct = (types: Readonly<Record<string, Type>>): Type => record(types, [], unknownKey);

/** Go's uint64, a bigint where a double cannot hold it; a float is cut to it. */
const count: Type = (reading, node, place) => {
  const meaning = node.kind === 'scalar' ? resolveScalar(node.text, node.tag, node.bare) : undefined;
  if (meaning?.type === 'null') return 0;
  if (meaning?.type === 'float' && meaning.value >= 0 && meaning.value < 2 ** 64)
    return Math.trunc(meaning.value);
  if (meaning?.type === 'int' && meaning.value >= 0n)
    return meaning.value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(meaning.value) : meaning.value;
  const shown = node.kind === 'scalar' ? quoted(node.text) : node.kind === 'list' ? 'a list' : 'a mapping';
  return reading.fault(place, `${shown} is not a whole number; write it like 4`);
};

/** What Go takes for a URL; an empty one is one. */
const url: Type = (reading, node, place, old) => {
  const value = reading.read(text, node, place, old);
  const fault = typeof value === 'string' ? urlFault(value) : undefined;
  return fault === undefined ? value : reading.fault(place, `${quoted(String(value))} is no URL: ${fault}`);
};

/** Bytes with a unit (alecthomas/units, ParseBase2Bytes); the number itself no target depends on. */
const size: Type = (reading, node, place) => {
  const meaning = node.kind === 'scalar' ? resolveScalar(node.text, node.tag, node.bare) : undefined;
  if (meaning?.type === 'null' || (node.kind === 'scalar' && isSize(node.text))) return undefined;
  const shown = node.kind === 'scalar' ? quoted(node.text) : node.kind === 'list' ? 'a list' : 'a mapping';
  return reading.fault(place, `${shown} is no size; write it with its unit, like 10MB or 512KiB`);
};

function isSize(written: string): boolean {
  const amount = String.raw`(?:[0-9]{1,18}(?:\.[0-9]{0,18})?|\.[0-9]{1,18})`;
  if (!new RegExp(`^[-+]?(?:0|(?:${amount}(?:[KMGTPE]i)?B)+|(?:${amount}[KMGTPE]?B)+)$`).test(written))
    return false;
  const parts = [...written.matchAll(/([0-9.]+)([KMGTPE]?)i?B/g)].map(
    ([, number, unit = '']) => Number(number) * 1024 ** ' KMGTPE'.indexOf(unit || ' '),
  );
  return parts.reduce((sum, part) => sum + part, 0) <= 2 ** 63;
}

/** Any case, as Prometheus reads it; what no action is, the rule's own check tells. */
const action: Type = (reading, node, place) => {
  const word = reading.read(text, node, place);
  const lower = typeof word === 'string' ? word.toLowerCase() : word;
  return ACTIONS.some((known) => known === lower) ? lower : word;
};

const rule = struct({
  source_labels: list(text),
  separator: text,
  regex: text,
  modulus: count,
  target_label: text,
  replacement: text,
  action,
});

const TLS_VERSIONS = ['TLS10', 'TLS11', 'TLS12', 'TLS13'];

const tls = struct({
  ...{ ca: text, ca_file: text, ca_ref: text, cert: text, cert_file: text, cert_ref: text },
  ...{ key: text, key_file: text, key_ref: text, server_name: text, insecure_skip_verify: flag },
  ...{ min_version: choice(TLS_VERSIONS), max_version: choice(TLS_VERSIONS) },
});

const proxy = {
  proxy_url: optional(url),
  no_proxy: text,
  proxy_from_environment: flag,
  proxy_connect_header: mapOf(list(text), '{Name: [value]}'),
};

const client = {
  basic_auth: optional(
    struct({
      ...{ username: text, username_file: text, username_ref: text },
      ...{ password: text, password_file: text, password_ref: text },
    }),
  ),
  authorization: optional(
    struct({ type: text, credentials: text, credentials_file: text, credentials_ref: text }),
  ),
  oauth2: optional(
    struct({
      ...{ client_id: text, client_secret: text, client_secret_file: text, client_secret_ref: text },
      ...{ client_certificate_key_id: text, client_certificate_key: text, client_certificate_key_file: text },
      ...{ client_certificate_key_ref: text, grant_type: text, signature_algorithm: text, iss: text },
      ...{ audience: text, claims: anything, scopes: list(text), token_url: text },
      ...{ endpoint_params: mapOf(text), tls_config: tls, ...proxy },
    }),
  ),
  bearer_token: text,
  bearer_token_file: text,
  tls_config: tls,
  follow_redirects: flag,
  enable_http2: flag,
  ...proxy,
  http_headers: mapOf(
    optional(struct({ values: list(text), secrets: list(text), files: list(text) })),
    '{Name: {values: [value]}}',
  ),
};

const kubernetes = struct({
  api_server: optional(url),
  role: choice(ROLES),
  kubeconfig_file: text,
  ...client,
  namespaces: struct({ own_namespace: flag, names: list(text) }),
  selectors: list(struct({ role: choice(ROLES), label: text, field: text })),
  attach_metadata: struct({ node: flag, namespace: flag, deployment: flag, job: flag, cronjob: flag }),
});

const PROTOCOLS = [
  ...['PrometheusProto', 'PrometheusText0.0.4', 'PrometheusText1.0.0'],
  ...['OpenMetricsText0.0.1', 'OpenMetricsText1.0.0', 'OpenMetricsText2.0.0'],
];
const ESCAPINGS = ['allow-utf-8', 'underscores', 'dots', 'values'];

/** What `global` and a job share. */
const shared = {
  scrape_interval: optional(text),
  scrape_timeout: optional(text),
  scrape_protocols: list(choice(PROTOCOLS)),
  scrape_failure_log_file: text,
  body_size_limit: size,
  ...{ sample_limit: count, target_limit: count, label_limit: count, keep_dropped_targets: count },
  ...{ label_name_length_limit: count, label_value_length_limit: count },
  metric_name_validation_scheme: choice(['legacy', 'utf8'], ''),
  metric_name_escaping_scheme: choice(ESCAPINGS, ''),
  ...{ scrape_native_histograms: flag, convert_classic_histograms_to_nhcb: flag },
  ...{ always_scrape_classic_histograms: flag, extra_scrape_metrics: flag },
};

const job = struct({
  job_name: text,
  ...shared,
  ...{ honor_labels: flag, honor_timestamps: flag, track_timestamps_staleness: flag },
  params: mapOf(list(text), '{name: [value]}'),
  fallback_scrape_protocol: choice(PROTOCOLS, ''),
  metrics_path: text,
  scheme: text,
  enable_compression: flag,
  ...{ native_histogram_bucket_limit: count, native_histogram_min_bucket_factor: number },
  ...client,
  relabel_configs: list(rule),
  metric_relabel_configs: list(rule),
  kubernetes_sd_configs: list(kubernetes),
  static_configs: list(struct({ targets: list(text), labels: mapOf(text) })),
  ...Object.fromEntries(OTHER_DISCOVERIES.map((key) => [key, anything])),
});

const global = struct({
  ...shared,
  ...{ evaluation_interval: optional(text), rule_query_offset: optional(text), query_log_file: text },
  external_labels: mapOf(text),
});

/** A list of jobs, as Prometheus' operator takes them. */
export const jobList: Type = list(job);

/** A whole prometheus.yml, or a file of `scrape_config_files`. */
export const wholeConfig: Type = struct({
  global: optional(global),
  ...{ runtime: anything, alerting: anything, rule_files: list(text), scrape_config_files: list(text) },
  scrape_configs: jobList,
  ...{ storage: anything, tracing: anything, remote_write: anything, remote_read: anything, otlp: anything },
});
