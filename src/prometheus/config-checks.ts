import { parseDuration } from '../core/duration.ts';
import { oneOf, quoted } from '../core/text.ts';
import { checkClient, waysOf } from './config-client.ts';
import type { ReadClient } from './config-client.ts';
import { checkTimes, compileRules, globalInterval, readDuration, validationOf } from './job.ts';
import type { Report } from './job.ts';
import type { ConfigProblem, NameValidation } from './relabel-rule.ts';
import type { GlobalConfig, KubernetesSdConfig, RelabelConfig, Role, ScrapeConfig } from './scrape-config.ts';
import { parseFieldSelector, parseLabelSelector } from './selector-text.ts';

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

const DURATIONS = ['scrape_interval', 'scrape_timeout', 'evaluation_interval', 'rule_query_offset'] as const;

/** What Prometheus refuses of `global`. */
export function checkGlobal(global: ReadGlobal): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const report: Report = (path, message) => void problems.push({ path, message });
  for (const key of DURATIONS) readDuration(global[key], key, report);
  checkProtocols(global.scrape_protocols, report);
  const times = {
    interval: globalInterval(global),
    timeout: parseDuration(global.scrape_timeout ?? '0') ?? 0,
  };
  const texts = { interval: global.scrape_interval ?? '1m', timeout: global.scrape_timeout ?? '' };
  checkTimes(times, texts, report);
  return problems;
}

/** What Prometheus refuses of a job beside what {@link compileJob} tells: parts that no target depends on. */
export function checkJob(job: ReadJob, global: ReadGlobal): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const report: Report = (path, message) => void problems.push({ path, message });
  const validation = validationOf(job, global);
  compileRules('metric_relabel_configs', job.metric_relabel_configs, validation, report);
  checkProtocols(job.scrape_protocols, report);
  checkEscaping(job, global, validation, report);
  checkClient(job, [], report);
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
  checkClient(config, path, report);
  const at = (key: string): readonly string[] => [...path, key];
  // An empty one counts as one.
  const hasServer = config.api_server !== undefined;
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
  const selectors: readonly (Partial<NonNullable<ReadSd['selectors']>[number]> | null)[] =
    config.selectors ?? [];
  const roles = selectors.map((selector) => selector?.role ?? '');
  roles.forEach((selected, index) => {
    const place = [...path, 'selectors', String(index), 'role'];
    if (roles.indexOf(selected) < index) report(place, `${selected} is selected twice; join the selectors`);
    else if (!SELECTABLE[role].some((allowed) => allowed === selected))
      report(
        place,
        `${quoted(selected)} is not ${oneOf(SELECTABLE[role])}, which the role ${role} can select`,
      );
    checkSelector(selectors[index] ?? {}, [...path, 'selectors', String(index)], report);
  });
}

function checkSelector(
  { label = '', field = '' }: { readonly label?: string; readonly field?: string },
  path: readonly string[],
  report: Report,
): void {
  const [labels, fields] = [parseLabelSelector(label), parseFieldSelector(field)];
  if ('fault' in labels)
    report(
      [...path, 'label'],
      `${quoted(label)} is no label selector: ${labels.fault}; write app=web or tier in (a,b)`,
    );
  if ('fault' in fields) report([...path, 'field'], `${quoted(field)} is no field selector: ${fields.fault}`);
}

/** The first key of its own HTTP client; a value that is the default counts as none. */
function ownClient(config: ReadSd): string | undefined {
  if (Object.values(config.tls_config ?? {}).some((value) => value !== '' && value !== false))
    return 'tls_config';
  if (config.follow_redirects === false) return 'follow_redirects';
  if (config.enable_http2 === false) return 'enable_http2';
  if (config.proxy_url !== undefined) return 'proxy_url';
  return waysOf(config)[0];
}
