import Type from 'typebox';

import { closed } from '../src/config/schema-parts.ts';
import { LIMITS } from '../src/webhook/limits.ts';

/**
 * The values of charts/podscrape, but for `config`, which is the configuration file. From this, values.schema.json and
 * the table in the chart's README.
 */

/** How long the end of a replica may take after it has drained, and a little more for the Lease that it gives back. */
export const END_SECONDS = Math.ceil((LIMITS.settleMs + LIMITS.drainMs) / 1000) + 2;

const text = (description: string, more: object = {}) => Type.String({ ...more, description });
const map = (description: string) =>
  Type.Unsafe<Record<string, string>>({
    type: 'object',
    additionalProperties: { type: 'string' },
    description,
  });
const flag = (description: string) => Type.Boolean({ description });
const port = (description: string) => Type.Integer({ minimum: 1, maximum: 65535, description });
const unprivileged = (description: string) =>
  Type.Integer({ minimum: 1024, maximum: 65535, description: `${description} Lower ones are root’s.` });
/** What is Kubernetes' own is handed on as it is, and the API server checks it. */
const kubernetes = (type: 'object' | 'array', description: string) =>
  Type.Unsafe<unknown>({ type, ...(type === 'array' && { items: { type: 'object' } }), description });
const object = <P extends Type.TProperties>(properties: P, description?: string) =>
  Type.Partial(Type.Object(properties), { ...closed, ...(description !== undefined && { description }) });

/** A Service's name begins with a letter. */
const EMPTY_OR_LABEL = { pattern: '^$|^[a-z]([-a-z0-9]*[a-z0-9])?$', maxLength: 50 };
const GO_DURATION = { pattern: '^([0-9]+h)?([0-9]+m)?([0-9]+s)?$', minLength: 2 };
const failurePolicy = (description: string) => Type.Enum(['Ignore', 'Fail'], { description });

const webhook = object({
  failurePolicy: failurePolicy(
    'What becomes of objects while no replica answers. Fail needs two replicas or more.',
  ),
  validatingFailurePolicy: failurePolicy(
    'The same where a policy may deny them. Fail needs two replicas or more.',
  ),
  timeoutSeconds: Type.Integer({ minimum: 1, maximum: 30, description: 'How long the API server waits.' }),
  removedFirst: flag(
    'helm uninstall takes the webhook configurations away before anything else. It looks at the namespace kube-system to tell a cluster from helm template.',
  ),
  labels: map('Labels of the webhook configurations.'),
  annotations: map('Annotations of the webhook configurations.'),
  clientCA: object(
    {
      secret: text('Secret in the release’s namespace that holds it.'),
      configMap: text('ConfigMap in the release’s namespace that holds it, instead.'),
      key: text('Key of its PEM file.', { pattern: '^[-._a-zA-Z0-9]+$' }),
      names: Type.Array(Type.String(), {
        description: 'Names of which a client’s certificate must have one; empty: any that it signed.',
      }),
    },
    'Authority of the certificate that the API server shows; without one nobody is asked.',
  ),
});

const certificates = object({
  mode: Type.Enum(['own', 'certManager', 'secret'], {
    description:
      'own: podscrape is its own authority and keeps its certificates in a Secret. certManager: cert-manager issues them. secret: you do, in a Secret of your own.',
  }),
  secretName: text('secret: name of the Secret (tls.crt, tls.key) in the release’s namespace.', {
    maxLength: 253,
  }),
  caBundle: text('secret: PEM of the authorities that the API server is to trust.', {
    pattern: '^$|-----BEGIN CERTIFICATE-----',
  }),
  certManager: object({
    issuerRef: object(
      {
        name: text('Name.', { maxLength: 253 }),
        kind: text('Issuer or ClusterIssuer.', { minLength: 1 }),
        group: text('API group.', { minLength: 1 }),
      },
      'Issuer of the certificate. Without a name the chart makes an authority of its own.',
    ),
    duration: text('Life of the certificate.', GO_DURATION),
    renewBefore: text('How long before its end it is renewed.', GO_DURATION),
  }),
});

const image = object({
  repository: text('Image without tag and digest.', { minLength: 1 }),
  tag: text('Tag; the chart’s appVersion when empty.'),
  digest: text('Digest; wins over the tag.', { pattern: '^$|^sha256:[0-9a-f]{64}$' }),
  pullPolicy: Type.Enum(['Always', 'IfNotPresent', 'Never'], { description: 'When it is pulled.' }),
});

/** The schema of every value but `config`, in the order of the README. */
export const ChartValues = object({
  nameOverride: text('Instead of the chart’s name in labels and names.', EMPTY_OR_LABEL),
  fullnameOverride: text('Instead of the names made from release and chart.', EMPTY_OR_LABEL),
  replicas: Type.Integer({ minimum: 1, maximum: 100, description: 'How many Pods serve.' }),
  image,
  imagePullSecrets: kubernetes('array', 'Secrets to pull the image with: `[{name: …}]`.'),
  webhook,
  certificates,
  port: unprivileged(
    'Port that the Pods serve HTTPS on; 10250 where a firewall lets the control plane reach nothing else (GKE private clusters).',
  ),
  healthPort: unprivileged('Port of probes and metrics, plain HTTP.'),
  hostNetwork: flag(
    'Whether the Pods are on the network of their nodes: a node each, whose ports `port` and `healthPort` are. A NetworkPolicy does not apply to them, so there is none.',
  ),
  service: object({
    port: port('Port of the Service.'),
    labels: map('Labels.'),
    annotations: map('Annotations.'),
  }),
  serviceAccount: object({
    create: flag('Whether the chart makes it.'),
    name: text('Name; by default that of the Deployment, or `default` when the chart makes none.', {
      maxLength: 253,
    }),
    annotations: map('Annotations.'),
  }),
  rbac: object({ create: flag('Whether the chart makes roles and bindings.') }),
  resources: kubernetes('object', 'Resources of the container. There is no CPU limit on purpose.'),
  terminationGracePeriodSeconds: Type.Integer({
    minimum: 0,
    maximum: 3600,
    description: `At least ${END_SECONDS} seconds more than \`config.server.drainSeconds\`.`,
  }),
  priorityClassName: text('PriorityClass; system-cluster-critical, for example.'),
  podDisruptionBudget: object({
    enabled: flag('Whether there is one.'),
    maxUnavailable: Type.Unsafe<number | string>({
      type: ['integer', 'string'],
      minimum: 1,
      pattern: '^[1-9][0-9]*%$',
      description: 'How many Pods may be evicted at a time: a number or a percentage.',
    }),
  }),
  networkPolicy: object({
    enabled: flag('Whether there is one, for what comes in. Never with `hostNetwork`.'),
    webhookFrom: Type.Array(Type.String({ pattern: '^[0-9a-fA-F.:]+/[0-9]{1,3}$' }), {
      description: 'CIDRs that may call the webhook; empty: any.',
    }),
    metricsFrom: kubernetes('array', 'Peers that may read probes and metrics; empty: any.'),
  }),
  nodeSelector: map('Labels of the nodes to run on.'),
  tolerations: kubernetes('array', 'Tolerations.'),
  affinity: kubernetes('object', 'Affinity.'),
  topologySpreadConstraints: Type.Unsafe<unknown>({
    type: ['array', 'null'],
    items: { type: 'object' },
    description: 'A list replaces the soft spread over hosts and zones.',
  }),
  openshift: flag(
    'Whether runAsUser, runAsGroup and fsGroup of `podSecurityContext` are left to the SCC. `config.openshift` is the same for sidecars.',
  ),
  podSecurityContext: kubernetes('object', 'Security context of the Pods.'),
  securityContext: kubernetes('object', 'Security context of the container.'),
  labels: map('Labels of every object.'),
  annotations: map('Annotations of every object.'),
  podLabels: map('Labels of the Pods.'),
  podAnnotations: map('Annotations of the Pods.'),
  extraArgs: Type.Array(Type.String(), { description: 'More arguments to `podscrape serve`.' }),
  extraEnv: kubernetes('array', 'More variables.'),
  scrapeAnnotations: flag('Whether the Pods carry `prometheus.io` annotations; never beside a monitor.'),
  monitor: object({
    enabled: flag('Whether there is a monitor (Prometheus Operator) for podscrape itself.'),
    kind: Type.Enum(['ServiceMonitor', 'PodMonitor'], { description: 'Its kind.' }),
    interval: text('Scrape interval; Prometheus’ own when empty.', { pattern: '^$|^[0-9]+(ms|s|m|h)$' }),
    labels: map('Labels, such as those that your Prometheus selects by.'),
    annotations: map('Annotations.'),
  }),
  prometheusRule: object({
    enabled: flag('Whether there are alerts (Prometheus Operator).'),
    runbookURL: text('Where people read docs/runbook.md; `runbook_url` of each alert leads there.', {
      pattern: '^$|^https?://[^\\s"\'#]+$',
    }),
    labels: map('Labels, such as those that your Prometheus selects by.'),
    annotations: map('Annotations.'),
  }),
  dashboard: object({
    enabled: flag('Whether there is a ConfigMap with the Grafana dashboard.'),
    label: text('Label that Grafana’s sidecar looks for.', { minLength: 1 }),
    labelValue: text('Its value.'),
    annotations: map('Annotations, such as the folder.'),
  }),
});
