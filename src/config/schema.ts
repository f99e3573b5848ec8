import Type from 'typebox';

/** What holds where the configuration file says nothing: the one place for it; the schema repeats it by reference. */
export const DEFAULTS = {
  annotationPrefix: 'podscrape.dev',
  optIn: 'annotation',
  portAnnotation: 'primary',
  allowHostNetwork: false,
  openshift: false,
  initContainersScraped: false,
  excludedNamespaces: [],
  server: {
    /** 7 MiB: a 100 KB Pod arrives as a review of up to 7.1 MB, a megabyte limit would turn it away. */
    bodyLimitBytes: 7340032,
    drainSeconds: 15,
  },
  logging: { level: 'info' },
} as const;

/** Levels of the log, most talkative first. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;

/**
 * The keyword of a schema that says in words what its `pattern` admits: `... is no <expected>`. Validation ignores it.
 */
export const EXPECTED = 'expected';

const closed = { additionalProperties: false } as const;

const Quantity = (description: string, example: string) =>
  Type.String({
    pattern: '^[0-9]+(\\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$',
    [EXPECTED]: `Kubernetes quantity such as ${example}`,
    description,
  });

const ExporterSettings = Type.Object(
  {
    image: Type.Optional(
      Type.String({
        maxLength: 512,
        pattern: '^[a-zA-Z0-9][-a-zA-Z0-9._:/@]*$',
        [EXPECTED]: 'image reference such as quay.io/prometheus/statsd-exporter:v0.31.0',
        description: 'Image, tag or digest included.',
      }),
    ),
    cpuRequest: Type.Optional(Quantity('CPU request.', '10m')),
    cpuLimit: Type.Optional(Quantity('CPU limit.', '100m')),
    memoryRequest: Type.Optional(Quantity('Memory request.', '32Mi')),
    memoryLimit: Type.Optional(Quantity('Memory limit; the exporter is told to stay below it.', '128Mi')),
  },
  { ...closed, description: 'Settings of one exporter; what is left out keeps its default.' },
);

/**
 * The configuration file: the one truth from which types, checks and reference pages derive. Every key is optional.
 */
export const ConfigFile = Type.Object(
  {
    annotationPrefix: Type.Optional(
      Type.String({
        default: DEFAULTS.annotationPrefix,
        maxLength: 253,
        pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$',
        [EXPECTED]: 'DNS name in lower case such as podscrape.dev',
        description: 'Prefix of podscrape’s own annotations and labels: a DNS name.',
      }),
    ),
    optIn: Type.Optional(
      Type.Enum(['annotation', 'label', 'namespace'], {
        default: DEFAULTS.optIn,
        description:
          'How a Pod outside labelled namespaces opts in: by any annotation or label of ours, by the inject label, or not at all.',
      }),
    ),
    defaultProfile: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'Profile of Pods that are in but ask for nothing. Left out: they are left alone.',
      }),
    ),
    portAnnotation: Type.Optional(
      Type.Enum(['primary', 'none'], {
        default: DEFAULTS.portAnnotation,
        description: 'With several targets: annotate the primary one’s port, or write no port annotation.',
      }),
    ),
    allowHostNetwork: Type.Optional(
      Type.Boolean({
        default: DEFAULTS.allowHostNetwork,
        description: 'Add ports and sidecars to hostNetwork Pods, where each port is a port of the node.',
      }),
    ),
    openshift: Type.Optional(
      Type.Boolean({
        default: DEFAULTS.openshift,
        description: 'Leave the sidecar’s user id to the platform.',
      }),
    ),
    initContainersScraped: Type.Optional(
      Type.Boolean({
        default: DEFAULTS.initContainersScraped,
        description: 'The scrapers keep init containers: native sidecars may be used for every Pod.',
      }),
    ),
    excludedNamespaces: Type.Optional(
      Type.Array(
        Type.String({
          maxLength: 63,
          pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$',
          [EXPECTED]: 'namespace name',
        }),
        {
          default: DEFAULTS.excludedNamespaces,
          description:
            'Namespaces that are never touched, beside kube-system, kube-public, kube-node-lease and podscrape’s own.',
        },
      ),
    ),
    exporters: Type.Optional(
      Type.Record(Type.String(), ExporterSettings, {
        description: 'Settings by exporter name, such as statsd-exporter.',
      }),
    ),
    server: Type.Optional(
      Type.Object(
        {
          bodyLimitBytes: Type.Optional(
            Type.Integer({
              default: DEFAULTS.server.bodyLimitBytes,
              minimum: 65536,
              maximum: 67108864,
              description: 'Largest request body, in bytes. The default is 7 MiB.',
            }),
          ),
          drainSeconds: Type.Optional(
            Type.Number({
              default: DEFAULTS.server.drainSeconds,
              minimum: 0,
              maximum: 600,
              description:
                'How long to serve on, unready, after SIGTERM, so that no new connection comes to a closed door.',
            }),
          ),
        },
        { ...closed, description: 'Limits of the HTTPS server.' },
      ),
    ),
    logging: Type.Optional(
      Type.Object(
        {
          level: Type.Optional(
            Type.Enum([...LOG_LEVELS], {
              default: DEFAULTS.logging.level,
              description: 'Lowest level that is written.',
            }),
          ),
        },
        { ...closed, description: 'Logs: one JSON object a line on standard output.' },
      ),
    ),
  },
  { ...closed, description: 'podscrape’s configuration file.' },
);

export type ConfigFile = Type.Static<typeof ConfigFile>;
export type LogLevel = (typeof LOG_LEVELS)[number];
