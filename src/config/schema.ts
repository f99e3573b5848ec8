import Type from 'typebox';

const closed = { additionalProperties: false } as const;

/** A Kubernetes quantity such as `10m`, `0.5`, `128Mi`. */
const Quantity = (description: string) =>
  Type.String({ pattern: '^[0-9]+(\\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$', description });

const ExporterSettings = Type.Object(
  {
    image: Type.Optional(
      Type.String({ minLength: 1, maxLength: 512, pattern: '^[^\\s]+$', description: 'Image, tag or digest included.' }),
    ),
    cpuRequest: Type.Optional(Quantity('CPU request.')),
    cpuLimit: Type.Optional(Quantity('CPU limit.')),
    memoryRequest: Type.Optional(Quantity('Memory request.')),
    memoryLimit: Type.Optional(Quantity('Memory limit; the exporter is told to stay below it.')),
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
        default: 'podscrape.dev',
        maxLength: 253,
        pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$',
        description: 'Prefix of podscrape’s own annotations and labels: a DNS name.',
      }),
    ),
    optIn: Type.Optional(
      Type.Union([Type.Literal('annotation'), Type.Literal('label'), Type.Literal('namespace')], {
        default: 'annotation',
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
      Type.Union([Type.Literal('primary'), Type.Literal('none')], {
        default: 'primary',
        description: 'With several targets: annotate the primary one’s port, or write no port annotation.',
      }),
    ),
    allowHostNetwork: Type.Optional(
      Type.Boolean({
        default: false,
        description: 'Add ports and sidecars to hostNetwork Pods, where each port is a port of the node.',
      }),
    ),
    openshift: Type.Optional(
      Type.Boolean({ default: false, description: 'Leave the sidecar’s user id to the platform.' }),
    ),
    initContainersScraped: Type.Optional(
      Type.Boolean({
        default: false,
        description: 'The scrapers keep init containers: native sidecars may be used for every Pod.',
      }),
    ),
    exporters: Type.Optional(
      Type.Record(Type.String(), ExporterSettings, { description: 'Settings by exporter name, such as statsd-exporter.' }),
    ),
    server: Type.Optional(
      Type.Object(
        {
          bodyLimitBytes: Type.Optional(
            Type.Integer({
              default: 7340032,
              minimum: 65536,
              maximum: 67108864,
              description: 'Largest request body, in bytes. The default is 7 MiB.',
            }),
          ),
          drainSeconds: Type.Optional(
            Type.Number({
              default: 15,
              minimum: 0,
              maximum: 600,
              description: 'How long to serve on, unready, after SIGTERM, so that no new connection comes to a closed door.',
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
            Type.Union(
              ['trace', 'debug', 'info', 'warn', 'error', 'fatal'].map((level) => Type.Literal(level)),
              { default: 'info', description: 'Lowest level that is written.' },
            ),
          ),
        },
        { ...closed, description: 'Logs: one JSON object a line on standard output.' },
      ),
    ),
  },
  { ...closed, description: 'podscrape’s configuration file.' },
);

export type ConfigFile = Type.Static<typeof ConfigFile>;
