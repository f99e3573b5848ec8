/** One curve or figure: a query, and what the legend says (labels in braces). */
export interface Query {
  readonly expr: string;
  readonly legend: string;
}

export interface Panel {
  readonly title: string;
  /** What a person on call wants to know about it. */
  readonly description?: string;
  readonly type: 'timeseries' | 'stat';
  /** Of Grafana; `short` is a bare number. */
  readonly unit: 'short' | 'reqps' | 's' | 'bytes' | 'bool_yes_no';
  /** Of 24 columns. */
  readonly width: 4 | 6 | 8 | 12;
  readonly queries: readonly Query[];
  /** From this value on it is red; below it where `redBelow` stands. */
  readonly red?: number;
  readonly redBelow?: number;
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** The replicas that the variables select. */
const OURS = 'job=~"$job",namespace=~"$namespace"';

/** The entries of the webhook configurations, in the API server's metrics. */
const ENTRIES = 'name=~".+[.]podscrape[.]dev"';

const of = (metric: string, more = ''): string => `${metric}{${OURS}${more === '' ? '' : `,${more}`}}`;
const rate = (series: string): string => `rate(${series}[$__rate_interval])`;
const increase = (series: string, range = '$__rate_interval'): string => `increase(${series}[${range}])`;
const query = (expr: string, legend: string): Query => ({ expr, legend });
const quantile = (q: number, series: string, by = 'le'): string =>
  `histogram_quantile(${q}, sum by (${by}) (${rate(series)}))`;
const curves = (title: string, unit: Panel['unit'], width: Panel['width'], ...queries: Query[]): Panel => ({
  title,
  type: 'timeseries',
  unit,
  width,
  queries,
});
const figure = (title: string, unit: Panel['unit'], expr: string, more: Partial<Panel> = {}): Panel => ({
  title,
  type: 'stat',
  unit,
  width: 4,
  queries: [query(expr, '')],
  ...more,
});

const DECISIONS = 'podscrape_admission_decisions_total';
const DURATION = 'podscrape_admission_duration_seconds_bucket';
const PATCHES = 'podscrape_admission_patch_bytes_bucket';
const UNMET = of('podscrape_admission_unmet_requests_total');
const FAILED_OPEN = of('podscrape_admission_failed_open_total');
const NOT_AFTER = of('podscrape_certificate_not_after_timestamp_seconds');
const AUTHORITY = of('podscrape_certificate_authority_not_after_timestamp_seconds');
const CALLED = `apiserver_admission_webhook_admission_duration_seconds_bucket{${ENTRIES}}`;

/** What a person on call wants to see, from top to bottom. */
export const ROWS: readonly Row[] = [
  {
    title: 'At a glance',
    panels: [
      figure('Replicas ready', 'short', `sum(${of('podscrape_ready')})`, { redBelow: 1 }),
      figure(
        'Alerts firing',
        'short',
        'count(ALERTS{alertname=~"Podscrape.+",alertstate="firing"}) or vector(0)',
        {
          red: 1,
        },
      ),
      figure('Injected', 'short', `sum(${increase(of(DECISIONS, 'outcome="injected"'), '$__range')})`),
      figure('Asked, not injected', 'short', `sum(${increase(UNMET, '$__range')})`),
      figure('Failed open', 'short', `sum(${increase(FAILED_OPEN, '$__range')})`, { red: 1 }),
      figure('Certificate expires in', 's', `min(${NOT_AFTER} > 0) - time()`, { redBelow: 86_400 }),
    ],
  },
  {
    title: 'Traffic',
    panels: [
      curves(
        'Decisions by outcome',
        'reqps',
        12,
        query(`sum by (outcome) (${rate(of(DECISIONS))})`, '{{outcome}}'),
      ),
      {
        ...curves(
          'Calls of the API server',
          'reqps',
          12,
          query(
            `sum by (name, code) (${rate(`apiserver_admission_webhook_request_total{${ENTRIES}}`)})`,
            '{{name}} {{code}}',
          ),
        ),
        description: 'By entry of the webhook configuration and HTTP status, as the API server counts them.',
      },
    ],
  },
  {
    title: 'Outcomes',
    panels: [
      curves(
        'Decisions by reason',
        'reqps',
        12,
        query(`sum by (reason) (${rate(of(DECISIONS))})`, '{{reason}}'),
      ),
      {
        ...curves(
          'Busiest namespaces',
          'reqps',
          12,
          query(
            `topk(10, sum by (exported_namespace) (${rate(of(DECISIONS, 'exported_namespace!=""'))}))`,
            '{{exported_namespace}}',
          ),
        ),
        description: 'Only with metrics.namespaceLabel in podscrape’s configuration.',
      },
      curves(
        'Problems in requests',
        'short',
        8,
        query(`sum by (code) (${increase(of('podscrape_problems_total'))})`, '{{code}}'),
      ),
      curves(
        'Off convention',
        'short',
        8,
        query(
          `sum by (convention, severity) (${increase(of('podscrape_convention_violations_total'))})`,
          '{{convention}} {{severity}}',
        ),
      ),
      curves(
        'Verdicts of the policies',
        'reqps',
        8,
        query(`sum by (verdict) (${rate(of('podscrape_validations_total'))})`, '{{verdict}}'),
      ),
    ],
  },
  {
    title: 'Asked, not injected',
    panels: [
      {
        ...curves('By reason', 'short', 12, query(`sum by (reason) (${increase(UNMET)})`, '{{reason}}')),
        description: 'The owner has to change something: podscrape.dev/status on the object says what.',
      },
      {
        ...curves(
          'Because of podscrape',
          'short',
          12,
          query(`sum(${increase(FAILED_OPEN)})`, 'podscrape failed'),
          query(
            `sum(${increase(`apiserver_admission_webhook_fail_open_count{${ENTRIES}}`)})`,
            'the API server could not call it',
          ),
        ),
        description: 'What goes in without injection although nobody made a mistake in the request.',
      },
    ],
  },
  {
    title: 'Failures',
    panels: [
      curves(
        'Failed open by stage',
        'short',
        6,
        query(`sum by (stage) (${increase(FAILED_OPEN)})`, '{{stage}}'),
      ),
      curves(
        'Errors by status',
        'short',
        6,
        query(
          `sum by (status) (${increase(of('podscrape_admission_rejected_requests_total'))})`,
          '{{status}}',
        ),
      ),
      curves(
        'API server: let through',
        'short',
        6,
        query(
          `sum by (name) (${increase(`apiserver_admission_webhook_fail_open_count{${ENTRIES}}`)})`,
          '{{name}}',
        ),
      ),
      curves(
        'API server: rejected',
        'short',
        6,
        query(
          `sum by (name, error_type) (${increase(`apiserver_admission_webhook_rejection_count{${ENTRIES}}`)})`,
          '{{name}} {{error_type}}',
        ),
      ),
    ],
  },
  {
    title: 'Latency',
    panels: [
      {
        ...curves(
          'Decisions',
          's',
          8,
          ...[0.5, 0.9, 0.99].map((q) => query(quantile(q, of(DURATION)), `p${q * 100}`)),
        ),
        description: 'Without network and TLS.',
      },
      {
        ...curves(
          'Calls of the API server, p99',
          's',
          8,
          query(quantile(0.99, CALLED, 'le, name'), '{{name}}'),
        ),
        description: 'With network and TLS. At the webhook’s timeout, 3 s by default, a call fails.',
        red: 2,
      },
      curves(
        'Size of patches',
        'bytes',
        8,
        ...[0.5, 0.99].map((q) => query(quantile(q, of(PATCHES)), `p${q * 100}`)),
      ),
    ],
  },
  {
    title: 'Certificates',
    panels: [
      {
        ...curves(
          'Expires in',
          's',
          8,
          query(`(${NOT_AFTER} > 0) - time()`, 'certificate {{instance}}'),
          query(`(${AUTHORITY} > 0) - time()`, 'authority {{instance}}'),
        ),
        redBelow: 86_400,
      },
      curves(
        'Renewals and repairs',
        'short',
        8,
        query(
          `sum by (result) (${increase(of('podscrape_certificate_renewals_total'))})`,
          'renewal: {{result}}',
        ),
        query(
          `sum by (configuration) (${increase(of('podscrape_ca_bundle_repairs_total'))})`,
          'bundle of {{configuration}} repaired',
        ),
      ),
      curves(
        'CA bundle published',
        'bool_yes_no',
        8,
        query(`max by (configuration) (${of('podscrape_ca_bundle_published')})`, '{{configuration}}'),
        query(`sum(${of('podscrape_leader')})`, 'somebody leads'),
      ),
    ],
  },
  {
    title: 'Configuration',
    panels: [
      curves(
        'Replicas by configuration',
        'short',
        6,
        query(`count by (hash) (${of('podscrape_config_info')})`, '{{hash}}'),
      ),
      curves(
        'File is the one in force',
        'bool_yes_no',
        6,
        query(of('podscrape_config_last_reload_successful'), '{{instance}}'),
      ),
      curves(
        'Age of the configuration',
        's',
        6,
        query(`time() - ${of('podscrape_config_last_reload_success_timestamp_seconds')}`, '{{instance}}'),
      ),
      curves(
        'Watches',
        'short',
        6,
        query(`min(${of('podscrape_namespace_watch_synced')})`, 'namespaces known'),
        query(`min by (resource) (${of('podscrape_limit_watch_synced')})`, '{{resource}} known'),
        query(`sum(${increase(of('podscrape_namespace_watch_restarts_total'))})`, 'namespaces: restarts'),
        query(
          `sum by (resource) (${increase(of('podscrape_limit_watch_restarts_total'))})`,
          '{{resource}}: restarts',
        ),
      ),
    ],
  },
  {
    title: 'Saturation',
    panels: [
      curves(
        'Requests in flight',
        'short',
        6,
        query(of('podscrape_admission_in_flight_requests'), '{{instance}}'),
      ),
      curves(
        'Bodies in flight',
        'bytes',
        6,
        query(of('podscrape_admission_body_bytes_in_flight'), '{{instance}}'),
      ),
      curves(
        'Shed',
        'reqps',
        6,
        query(`sum by (cause) (${rate(of('podscrape_admission_shed_requests_total'))})`, '{{cause}}'),
      ),
      {
        ...curves(
          'Event loop lag',
          's',
          6,
          query(of('nodejs_eventloop_lag_p99_seconds'), 'p99 {{instance}}'),
          query(of('nodejs_eventloop_lag_max_seconds'), 'max {{instance}}'),
        ),
        red: 1,
      },
      curves('CPU', 'short', 8, query(rate(of('process_cpu_seconds_total')), '{{instance}}')),
      curves('Memory', 'bytes', 8, query(of('process_resident_memory_bytes'), '{{instance}}')),
      curves('Open files', 'short', 8, query(of('process_open_fds'), '{{instance}}')),
    ],
  },
  {
    title: 'Replicas',
    panels: [
      curves('Ready', 'bool_yes_no', 8, query(of('podscrape_ready'), '{{instance}}')),
      curves(
        'Replicas by version',
        'short',
        8,
        query(`count by (version) (${of('podscrape_build_info')})`, 'podscrape {{version}}'),
        query(`count by (version) (${of('nodejs_version_info')})`, 'Node.js {{version}}'),
      ),
      curves('Up for', 's', 8, query(`time() - ${of('process_start_time_seconds')}`, '{{instance}}')),
    ],
  },
];
