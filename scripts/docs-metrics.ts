import { METRICS } from '../src/telemetry/metrics.ts';
import type { LabelRow, MetricRow } from '../src/telemetry/metric-row.ts';
import { ADMISSION_METRICS, UNMET_REASONS } from '../src/telemetry/metrics-admission.ts';
import { PROCESS_METRICS } from '../src/telemetry/metrics-process.ts';
import { AUDIT_ANNOTATIONS, AUDIT_LENGTH } from '../src/webhook/audit-annotations.ts';
import { blocks, code, codes, generatedFrom, table } from './docs-markdown.ts';

type Rows = Readonly<Record<string, MetricRow>>;

/** Node.js' own, of those that the alerts and the dashboard look at; more of them are there. */
export const NODE_METRICS: Readonly<Record<string, string>> = {
  nodejs_eventloop_lag_p99_seconds: 'How late the event loop came, 99th percentile since the last scrape.',
  nodejs_eventloop_lag_max_seconds: 'The same, at worst.',
  nodejs_version_info: 'The version of Node.js.',
  process_resident_memory_bytes: 'Memory that the process holds.',
  process_cpu_seconds_total: 'CPU time used.',
  process_open_fds: 'Open files and connections.',
  process_start_time_seconds: 'When the process started, in seconds since 1970.',
};

/** The API server's, which knows what podscrape cannot: the calls that never arrived. */
export const APISERVER_METRICS: Readonly<Record<string, string>> = {
  apiserver_admission_webhook_fail_open_count:
    'Calls that failed and were let through, under `failurePolicy: Ignore`.',
  apiserver_admission_webhook_rejection_count:
    'Requests rejected; `error_type` other than `no_error`: because the call failed, under `failurePolicy: Fail`.',
  apiserver_admission_webhook_request_total: 'Calls, by HTTP status.',
  apiserver_admission_webhook_admission_duration_seconds:
    'How long the calls took, network and TLS included.',
};

/** Longer lists of values stand elsewhere in the docs. */
const MOST_VALUES = 10;

const ELSEWHERE: Readonly<Record<string, string>> = {
  reason: '[reasons](annotations.md#reasons)',
  code: '[kinds of problems](annotations.md#kinds-of-problems)',
};

/** The text of docs/metrics.md. */
export function metricsPage(): string {
  return blocks(
    generatedFrom('src/telemetry/metrics-*.ts and src/webhook/audit-annotations.ts'),
    '# Metrics and audit annotations',
    `Each replica serves its metrics on ${code('/metrics')} of the health port, 8080 unless ${code('--health-port')} says otherwise, over plain HTTP. What to do about them is in [runbook.md](runbook.md).`,
    '## Admission',
    rowsTable(ADMISSION_METRICS),
    `${code('podscrape_admission_unmet_requests_total')} counts the outcome ${code('refused')}, and of the outcome ${code('skipped')} the reasons ${codes(UNMET_REASONS.filter((reason) => reason !== 'bad-request' && reason !== 'port-conflict'))}. What podscrape itself failed on is in ${code('podscrape_admission_failed_open_total')}; what never arrived, in the API server’s metrics. A workload and each of its Pods are requests of their own.`,
    '## Process',
    rowsTable(PROCESS_METRICS),
    '## Series',
    `No label carries a Pod, a user or anything that somebody can make up. A replica has some hundred series of these, ${Object.keys(METRICS).length} metrics in all. With ${code('metrics.namespaceLabel: true')} decisions carry their namespace: that is a set of series for each, so that after 1,000 of them the rest share ${code('other')}, and with it what no namespace can be called. Whoever reaches the webhook past the API server can make up others, and use the thousand up: restrict who may (SECURITY.md).`,
    `Scraped with the usual jobs or the chart’s monitor, whose targets have a ${code('namespace')} of their own (podscrape’s), it arrives as ${code('exported_namespace')}.`,
    '## Alerts and dashboard',
    `[rules.yaml](../charts/podscrape/files/rules.yaml) and [dashboard.json](../charts/podscrape/files/dashboard.json) are files that Prometheus and Grafana take as they are; the chart installs them with ${code('prometheusRule.enabled')}, ${code('dashboard.enabled')} and, so that there is something to see, ${code('monitor.enabled')}. They ask for the labels ${code('job')}, ${code('instance')}, ${code('namespace')} and ${code('pod')} as such a monitor’s targets have them, and where one Prometheus has several clusters, for ${code('cluster')}. Some need the API server’s metrics too.`,
    '## Node.js',
    'The usual metrics of a Node.js process are there too; these are of use:',
    namesTable(NODE_METRICS),
    '## The API server’s own',
    `Of what never reached podscrape only the API server knows. Its metrics name the entries of the webhook configurations, all of which end in ${code('.podscrape.dev')}, whatever the annotation prefix is.`,
    namesTable(APISERVER_METRICS),
    '## Audit annotations',
    `In the audit log of the API server, at level ${code('Metadata')} or above, each answer leaves annotations ${code('WEBHOOK/KEY')}, where WEBHOOK is the name of the entry, for instance ${code('object.podscrape.dev/reason')}. Values are one line of at most ${AUDIT_LENGTH} characters, and never what somebody wrote into an annotation, a variable or an argument. A key without a value is left out. Of a second call for the same object the API server keeps what the first one said.`,
    table(
      ['key', 'holds'],
      Object.entries(AUDIT_ANNOTATIONS).map(([key, holds]) => [code(key), holds]),
    ),
  );
}

function rowsTable(rows: Rows): string {
  return table(
    ['metric', 'type', 'unit', 'labels', 'meaning'],
    Object.entries(rows).map(([name, { type, unit, labels = {}, help }]) => [
      code(name),
      type,
      unit,
      Object.entries(labels).map(labelText).join('; '),
      help,
    ]),
  );
}

function labelText([name, { means, values = [] }]: readonly [string, LabelRow]): string {
  const listed = values.length > MOST_VALUES ? ELSEWHERE[name] : codes(values);
  return `${code(name)}: ${means}${listed ? ` (${listed})` : ''}`;
}

function namesTable(names: Readonly<Record<string, string>>): string {
  return table(
    ['metric', 'meaning'],
    Object.entries(names).map(([name, meaning]) => [code(name), meaning]),
  );
}
