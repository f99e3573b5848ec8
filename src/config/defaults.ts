/** What holds where the configuration file says nothing: the one place for it; the schema repeats it by reference. */
export const DEFAULTS = {
  annotationPrefix: 'podscrape.dev',
  optIn: 'annotation',
  adopt: 'warn',
  workloads: 'hoist',
  workloadKinds: [],
  policies: [],
  portAnnotation: 'primary',
  dialects: [],
  istioScrapeTargets: false,
  allowHostNetwork: false,
  openshift: false,
  initContainersScraped: false,
  excludedNamespaces: [],
  /** Room for every exporter that comes with podscrape, and not for a sidecar larger than most applications. */
  exporterBounds: { cpu: { min: '1m', max: '1' }, memory: { min: '8Mi', max: '1Gi' } },
  server: {
    /** 7 MiB: a 100 KB Pod arrives as a review of up to 7.1 MB, a megabyte limit would turn it away. */
    bodyLimitBytes: 7340032,
    drainSeconds: 15,
  },
  certificates: { life: '90d', authorityLife: '1825d' },
  metrics: { namespaceLabel: false },
  logging: { level: 'info' },
} as const;

/** What an entry of a list means where it leaves a key out. */
export const ENTRY_DEFAULTS = {
  workloadKind: { template: 'spec.template', metadata: [], immutableTemplate: false },
  policy: { mode: 'inject', allowOverride: false, conventions: {}, exemptions: [] },
  dialect: { instead: false },
  profile: { summary: 'Added in the configuration.' },
  target: { scheme: 'http', path: '/metrics' },
  exporterUse: { appEnv: [] },
  exporter: {
    path: '/metrics',
    args: [],
    go: true,
    cpuRequest: '10m',
    cpuLimit: '100m',
    memoryRequest: '32Mi',
    memoryLimit: '128Mi',
  },
  connection: { form: 'any' },
  mapping: { format: 'text' },
} as const;
