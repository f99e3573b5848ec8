import { parseDuration } from '../core/duration.ts';
import { oneOf, quoted } from '../core/text.ts';
import { compileRule } from './relabel-rule.ts';
import type { ConfigProblem, NameValidation } from './relabel-rule.ts';
import type { GlobalConfig, KubernetesSdConfig, RelabelConfig, Role, ScrapeConfig } from './scrape-config.ts';

/** Keys of an HTTP client that podscrape never writes. */
interface ReadClient {
  readonly bearer_token?: string;
  readonly bearer_token_file?: string;
  readonly follow_redirects?: boolean;
  readonly enable_http2?: boolean;
  readonly proxy_from_environment?: boolean;
  readonly proxy_url?: string;
  readonly no_proxy?: string;
  readonly proxy_connect_header?: Readonly<Record<string, unknown>>;
}

/** What {@link ScrapeConfig} may hold beside, as it is read from a file. */
export interface ReadJob extends ScrapeConfig, ReadClient {
  readonly metric_relabel_configs?: readonly RelabelConfig[];
  readonly scrape_protocols?: readonly string[];
  readonly metric_name_escaping_scheme?: string;
}

export interface ReadGlobal extends GlobalConfig {
  readonly evaluation_interval?: string;
  readonly rule_query_offset?: string;
  readonly metric_name_escaping_scheme?: string;
  readonly scrape_protocols?: readonly string[];
}

type Report = (path: readonly string[], message: string) => void;

const DURATIONS = ['scrape_interval', 'scrape_timeout', 'evaluation_interval', 'rule_query_offset'] as const;

/** What Prometheus refuses of `global`. */
export function checkGlobal(global: ReadGlobal): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const report: Report = (path, message) => void problems.push({ path, message });
  for (const key of DURATIONS) {
    const text = global[key];
    if (text !== undefined && parseDuration(text) === undefined)
      report([key], `${quoted(text)} is no Prometheus duration; write it like 30s or 1m30s`);
  }
  checkProtocols(global.scrape_protocols, report);
  const interval = parseDuration(global.scrape_interval ?? '0') || 60_000;
  const timeout = parseDuration(global.scrape_timeout ?? '0') ?? 0;
  if (timeout > interval) {
    const [given, other] = [global.scrape_timeout ?? '', global.scrape_interval ?? '1m'];
    report(
      ['scrape_timeout'],
      `${given} is longer than the scrape_interval of ${other}; a scrape must end before the next`,
    );
  }
  return problems;
}

/** What Prometheus refuses of a job beside what {@link compileJob} tells: parts that no target depends on. */
export function checkJob(job: ReadJob, global: ReadGlobal): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const report: Report = (path, message) => void problems.push({ path, message });
  const validation = job.metric_name_validation_scheme || global.metric_name_validation_scheme || 'utf8';
  checkMetricRules(job, validation, report);
  checkProtocols(job.scrape_protocols, report);
  checkEscaping(job, global, validation, report);
  checkProof(job, [], report);
  job.kubernetes_sd_configs?.forEach((config, index) =>
    checkKubernetes(config, ['kubernetes_sd_configs', String(index)], report),
  );
  if ((job.relabel_configs ?? []).length > 0) return problems;
  job.static_configs?.forEach(({ targets = [] }: { targets?: readonly string[] }, index) => {
    targets.forEach((target, place) => {
      if (target.includes('/'))
        report(
          ['static_configs', String(index), 'targets', String(place)],
          `${quoted(target)} has a /; write HOST:PORT, and the rest into scheme and metrics_path`,
        );
    });
  });
  return problems;
}

function checkMetricRules(job: ReadJob, validation: NameValidation, report: Report): void {
  job.metric_relabel_configs?.forEach((rule, index) => {
    const compiled = compileRule(rule, validation);
    if ('rule' in compiled) return;
    for (const { path, message } of compiled.problems)
      report(['metric_relabel_configs', String(index), ...path], message);
  });
}

function checkProtocols(protocols: readonly string[] | undefined, report: Report): void {
  if (protocols === undefined) return;
  if (protocols.length === 0) report(['scrape_protocols'], 'is an empty list; leave it out for the default');
  protocols.forEach((protocol, index) => {
    if (protocol === '') report(['scrape_protocols', String(index)], 'is empty; leave it out');
    else if (protocols.indexOf(protocol) < index)
      report(['scrape_protocols', String(index)], `${quoted(protocol)} is given twice; leave one out`);
  });
}

/** `legacy` names and unescaped ones exclude each other. */
function checkEscaping(job: ReadJob, global: ReadGlobal, validation: NameValidation, report: Report): void {
  const inherited = job.metric_name_validation_scheme ? undefined : global.metric_name_escaping_scheme;
  if (validation === 'legacy' && (job.metric_name_escaping_scheme || inherited) === 'allow-utf-8')
    report(
      ['metric_name_escaping_scheme'],
      'allow-utf-8 goes with metric_name_validation_scheme utf8 only; write underscores',
    );
}

/** At most one way to prove who one is (prometheus/common `config`, HTTPClientConfig.Validate). */
function checkProof(config: ReadJob | ReadSd, path: readonly string[], report: Report): void {
  checkProxy(config, path, report);
  const ways = (
    ['basic_auth', 'authorization', 'oauth2', 'bearer_token', 'bearer_token_file'] as const
  ).filter((way) => config[way] !== undefined && config[way] !== '');
  const [first, second] = ways;
  if (first !== undefined && second !== undefined)
    report([...path, second], `goes not together with ${first}; leave one of them out`);
  const { basic_auth, authorization, oauth2 } = config as unknown as {
    readonly [way in 'basic_auth' | 'authorization' | 'oauth2']?: Readonly<Record<string, unknown>>;
  };
  onlyOne(basic_auth, ['username', 'username_file', 'username_ref'], [...path, 'basic_auth'], report);
  onlyOne(basic_auth, ['password', 'password_file', 'password_ref'], [...path, 'basic_auth'], report);
  const credentials = ['credentials', 'credentials_file', 'credentials_ref'];
  onlyOne(authorization, credentials, [...path, 'authorization'], report);
  if (typeof authorization?.type === 'string' && authorization.type.trim().toLowerCase() === 'basic')
    report([...path, 'authorization', 'type'], 'is not for Basic; write basic_auth instead');
  for (const key of oauth2 === undefined ? [] : ['client_id', 'token_url']) {
    if (!oauth2?.[key]) report([...path, 'oauth2', key], 'is missing; OAuth 2.0 does not work without it');
  }
}

/** prometheus/common `config`, ProxyConfig.Validate. */
function checkProxy(config: ReadJob | ReadSd, path: readonly string[], report: Report): void {
  const { proxy_from_environment, proxy_url = '', no_proxy = '', proxy_connect_header = {} } = config;
  const isFromEnvironment = proxy_from_environment === true;
  if (isFromEnvironment && proxy_url !== '')
    report([...path, 'proxy_url'], 'goes not together with proxy_from_environment; leave one of them out');
  if (isFromEnvironment && no_proxy !== '')
    report([...path, 'no_proxy'], 'goes not together with proxy_from_environment; leave one of them out');
  if (isFromEnvironment || proxy_url !== '') return;
  if (no_proxy !== '') report([...path, 'no_proxy'], 'is for a proxy_url; name that too, or leave this out');
  if (Object.keys(proxy_connect_header).length > 0)
    report([...path, 'proxy_connect_header'], 'is for a proxy_url; name that too, or leave this out');
}

function onlyOne(
  config: Readonly<Record<string, unknown>> | undefined,
  keys: readonly string[],
  path: readonly string[],
  report: Report,
): void {
  const [first, second] = keys.filter((key) => config?.[key] !== undefined && config[key] !== '');
  if (first !== undefined && second !== undefined)
    report([...path, second], `goes not together with ${first}; leave one of them out`);
}

interface ReadSd extends KubernetesSdConfig, ReadClient {
  readonly kubeconfig_file?: string;
}

/** Which roles a selector may be for, by the role of the discovery. */
const SELECTABLE: Readonly<Record<Role, readonly Role[]>> = {
  pod: ['pod', 'node'],
  service: ['service'],
  endpoints: ['pod', 'service', 'endpoints'],
  endpointslice: ['pod', 'service', 'endpointslice'],
  node: ['node'],
  ingress: ['ingress'],
};

function checkKubernetes(config: ReadSd, path: readonly string[], report: Report): void {
  const role = config.role as Role | undefined | '';
  if (role === undefined || role === '') {
    report([...path, 'role'], `is missing; it is one of ${Object.keys(SELECTABLE).join(', ')}`);
    return;
  }
  checkProof(config, path, report);
  const at = (key: string): readonly string[] => [...path, key];
  const hasServer = config.api_server !== undefined && config.api_server !== '';
  const hasFile = (config.kubeconfig_file ?? '') !== '';
  const client = ownClient(config);
  if (hasServer && hasFile)
    report(at('kubeconfig_file'), 'goes not together with api_server; leave one of them out');
  else if (client !== undefined && hasFile)
    report(at(client), 'goes not together with kubeconfig_file, which says it already; leave it out');
  else if (client !== undefined && !hasServer)
    report(at(client), 'is for an api_server of its own; name that too, or leave this out');
  if (config.namespaces?.own_namespace === true && (hasServer || hasFile))
    report(
      [...path, 'namespaces', 'own_namespace'],
      'is for the cluster that Prometheus runs in; name the namespace',
    );
  const selectors: readonly ({ readonly role?: Role } | null)[] = config.selectors ?? [];
  const roles = selectors.map((selector) => selector?.role ?? '');
  roles.forEach((selected, index) => {
    const place = [...path, 'selectors', String(index), 'role'];
    if (roles.indexOf(selected) < index) report(place, `${selected} is selected twice; join the selectors`);
    else if (!SELECTABLE[role].some((allowed) => allowed === selected))
      report(
        place,
        `${quoted(selected)} is not ${oneOf(SELECTABLE[role])}, which the role ${role} can select`,
      );
  });
}

const CLIENT_KEYS = ['basic_auth', 'authorization', 'oauth2', 'bearer_token', 'bearer_token_file'] as const;

/** The first key of its own HTTP client; a value that is the default counts as none. */
function ownClient(config: ReadSd): string | undefined {
  if (Object.values(config.tls_config ?? {}).some((value) => value !== '' && value !== false))
    return 'tls_config';
  if (config.follow_redirects === false) return 'follow_redirects';
  if (config.enable_http2 === false) return 'enable_http2';
  if ((config.proxy_url ?? '') !== '') return 'proxy_url';
  return CLIENT_KEYS.find((key) => config[key] !== undefined && config[key] !== '');
}
