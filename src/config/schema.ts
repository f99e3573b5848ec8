import Type from 'typebox';

import { DEFAULTS } from './defaults.ts';
import { ExporterBounds } from './schema-bounds.ts';
import { Certificates } from './schema-certificates.ts';
import { Dialects } from './schema-dialects.ts';
import { Exporters, ImageRegistry } from './schema-exporters.ts';
import { MetricsSettings } from './schema-metrics.ts';
import { closed, DNS_NAME, EXPECTED, Label, ProfileName } from './schema-parts.ts';
import { Policies } from './schema-policies.ts';
import { Profiles } from './schema-profiles.ts';
import { WorkloadKinds } from './schema-workloads.ts';

/** Levels of the log, most talkative first. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;

/**
 * The configuration file: the one truth from which types, checks and reference pages derive. Every key is optional.
 */
export const ConfigFile = Type.Object(
  {
    annotationPrefix: Type.Optional(
      Type.String({
        default: DEFAULTS.annotationPrefix,
        maxLength: 253,
        pattern: DNS_NAME,
        [EXPECTED]: 'DNS name in lower case such as podscrape.dev',
        description: 'Prefix of podscrape’s own annotations and labels: a DNS name.',
        examples: ['monitoring.example.com'],
      }),
    ),
    optIn: Type.Optional(
      Type.Enum(['annotation', 'label', 'namespace'], {
        default: DEFAULTS.optIn,
        description:
          'How a Pod outside labelled namespaces opts in: by any annotation or label of ours, by the inject label, or not at all.',
        examples: ['label'],
      }),
    ),
    adopt: Type.Optional(
      Type.Enum(['off', 'warn', 'on'], {
        default: DEFAULTS.adopt,
        description:
          'Pods that are in and ask for nothing, but carry prometheus.io/scrape: "true". warn: say what will not be scraped as annotated. on: also declare the annotated port and bring spellings into order.',
        examples: ['on'],
      }),
    ),
    workloads: Type.Optional(
      Type.Enum(['hoist', 'inject', 'off'], {
        default: DEFAULTS.workloads,
        description:
          'Deployments and other workloads. hoist: check the request and copy it from the workload’s own metadata into the pod template. inject: do the whole injection in the pod template. off: leave workloads alone; their Pods are injected all the same.',
        examples: ['inject'],
      }),
    ),
    workloadKinds: Type.Optional(WorkloadKinds),
    policies: Type.Optional(Policies),
    defaultProfile: Type.Optional(
      ProfileName('Profile of Pods that are in but ask for nothing. Left out: they are left alone.', 'http'),
    ),
    profiles: Type.Optional(Profiles),
    portAnnotation: Type.Optional(
      Type.Enum(['primary', 'none'], {
        default: DEFAULTS.portAnnotation,
        description: 'With several targets: annotate the primary one’s port, or write no port annotation.',
        examples: ['none'],
      }),
    ),
    dialects: Type.Optional(Dialects),
    istioScrapeTargets: Type.Optional(
      Type.Boolean({
        default: DEFAULTS.istioScrapeTargets,
        description:
          'Write prometheus.istio.io/scrape-targets for Pods with several targets; needs Istio 1.31 or later.',
        examples: [true],
      }),
    ),
    allowHostNetwork: Type.Optional(
      Type.Boolean({
        default: DEFAULTS.allowHostNetwork,
        description: 'Add ports and sidecars to hostNetwork Pods, where each port is a port of the node.',
        examples: [true],
      }),
    ),
    openshift: Type.Optional(
      Type.Boolean({
        default: DEFAULTS.openshift,
        description: 'Leave the sidecar’s user id to the platform.',
        examples: [true],
      }),
    ),
    initContainersScraped: Type.Optional(
      Type.Boolean({
        default: DEFAULTS.initContainersScraped,
        description: 'The scrapers keep init containers: native sidecars may be used for every Pod.',
        examples: [true],
      }),
    ),
    excludedNamespaces: Type.Optional(
      Type.Array(Label('namespace name'), {
        default: DEFAULTS.excludedNamespaces,
        description:
          'Namespaces that are never touched, beside kube-system, kube-public, kube-node-lease and podscrape’s own.',
        examples: [['vault']],
      }),
    ),
    imageRegistry: Type.Optional(ImageRegistry),
    exporters: Type.Optional(Exporters),
    exporterBounds: Type.Optional(ExporterBounds),
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
        { ...closed, description: 'Limits of the HTTPS server.', examples: [{ drainSeconds: 30 }] },
      ),
    ),
    certificates: Type.Optional(Certificates),
    metrics: Type.Optional(MetricsSettings),
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
        {
          ...closed,
          description: 'Logs: one JSON object a line on standard output.',
          examples: [{ level: 'debug' }],
        },
      ),
    ),
  },
  { ...closed, description: 'podscrape’s configuration file.' },
);

export type ConfigFile = Type.Static<typeof ConfigFile>;
export type LogLevel = (typeof LOG_LEVELS)[number];
