import type { OptIn } from './engine-config.ts';
import { SYSTEM_NAMESPACES } from './engine-config.ts';

/** Where the apiserver finds podscrape: a base URL without a slash at its end, or a Service. */
export type WebhookAddress =
  | { readonly url: string }
  | { readonly service: { readonly namespace: string; readonly name: string; readonly port: number } };

export type FailurePolicy = 'Ignore' | 'Fail';

export interface WebhookConfigurationOptions {
  readonly address: WebhookAddress;
  readonly annotationPrefix: string;
  readonly optIn: OptIn;
  /** Beside Kubernetes' own: podscrape's own namespace, so that it can start while it is down, and the administrator's. */
  readonly excludedNamespaces: readonly string[];
  readonly failurePolicy: FailurePolicy;
  /** 1–30. */
  readonly timeoutSeconds: number;
  /** PEM in base64; left out, the apiserver trusts its host's CAs, or an injector fills it in. */
  readonly caBundle?: string;
}

/** Configurations run in the order of their names, and a mesh's injector must see our annotations. */
export const WEBHOOK_CONFIGURATION_NAME = '00-podscrape';

/** A kind that carries a pod template, as the apiserver's rules name it. */
export interface WorkloadResource {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  /** Where, below the object, metadata stands whose keys are a request: the pod template's, and what leads to it. */
  readonly metadata: readonly string[];
}

const TEMPLATE = ['spec.template.metadata'];

export const WORKLOAD_RESOURCES: readonly WorkloadResource[] = [
  { group: 'apps', version: 'v1', resource: 'deployments', metadata: TEMPLATE },
  { group: 'apps', version: 'v1', resource: 'statefulsets', metadata: TEMPLATE },
  { group: 'apps', version: 'v1', resource: 'daemonsets', metadata: TEMPLATE },
  { group: 'apps', version: 'v1', resource: 'replicasets', metadata: TEMPLATE },
  { group: '', version: 'v1', resource: 'replicationcontrollers', metadata: TEMPLATE },
  { group: 'batch', version: 'v1', resource: 'jobs', metadata: TEMPLATE },
  {
    group: 'batch',
    version: 'v1',
    resource: 'cronjobs',
    metadata: ['spec.jobTemplate.metadata', 'spec.jobTemplate.spec.template.metadata'],
  },
];

interface Expression {
  readonly key: string;
  readonly operator: 'In' | 'NotIn';
  readonly values: readonly string[];
}

interface Rule {
  readonly operations: readonly ('CREATE' | 'UPDATE')[];
  readonly apiGroups: readonly string[];
  readonly apiVersions: readonly string[];
  readonly resources: readonly string[];
  readonly scope: 'Namespaced';
}

interface Entry {
  readonly name: string;
  /** The path tells the handler why an object was sent, so that it needs no look at the namespace. */
  readonly path: string;
  readonly rules: readonly Rule[];
  readonly namespaces: Expression;
  readonly objects?: Expression;
  readonly asks?: string;
}

const ENABLED = ['enabled', 'true'];
const DISABLED = ['disabled', 'false'];

/**
 * The MutatingWebhookConfiguration. Its entries are disjoint: no object is sent twice, and an unasked Pod in a
 * namespace that said nothing is not sent at all.
 */
export function webhookConfiguration(options: WebhookConfigurationOptions): object {
  const marks = { 'admissions.enforcer/disabled': 'true' };
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: {
      name: WEBHOOK_CONFIGURATION_NAME,
      labels: {
        'app.kubernetes.io/name': 'podscrape',
        'app.kubernetes.io/component': 'webhook',
        // AKS would otherwise add a namespaceSelector of its own and fight over it.
        ...marks,
      },
      annotations: marks,
    },
    webhooks: entries(options).map((entry) => webhook(entry, options)),
  };
}

function entries({ annotationPrefix, optIn }: WebhookConfigurationOptions): Entry[] {
  const key = `${annotationPrefix}/inject`;
  const optedIn: Expression = { key, operator: 'In', values: ENABLED };
  const said: Expression = { key, operator: 'NotIn', values: [...ENABLED, ...DISABLED] };
  const found: Entry[] = [
    {
      name: 'pods-namespace.podscrape.dev',
      path: '/mutate/namespace',
      rules: [podRule()],
      namespaces: optedIn,
      // NotIn matches an absent key too.
      objects: { key, operator: 'NotIn', values: DISABLED },
    },
    // No objectSelector: a label on a workload says nothing of its Pods.
    {
      name: 'workloads-namespace.podscrape.dev',
      path: '/mutate/namespace/workloads',
      rules: workloadRules(),
      namespaces: optedIn,
    },
  ];
  const object = {
    name: 'object.podscrape.dev',
    path: '/mutate/object',
    rules: [podRule(), ...workloadRules()],
    namespaces: said,
  };
  if (optIn === 'annotation') found.push({ ...object, asks: asks(annotationPrefix) });
  if (optIn === 'label') found.push({ ...object, objects: optedIn });
  return found;
}

function webhook(entry: Entry, options: WebhookConfigurationOptions): object {
  const excluded = new Set([...SYSTEM_NAMESPACES, ...options.excludedNamespaces]);
  const conditions = [
    { name: 'not-a-mirror-pod', expression: NOT_A_MIRROR_POD },
    { name: 'not-an-owned-workload', expression: NOT_AN_OWNED_WORKLOAD },
    ...(entry.asks === undefined ? [] : [{ name: 'asks-for-podscrape', expression: entry.asks }]),
  ];
  return {
    name: entry.name,
    clientConfig: {
      ...clientAddress(options.address, entry.path),
      ...(options.caBundle !== undefined && { caBundle: options.caBundle }),
    },
    rules: entry.rules,
    namespaceSelector: {
      matchExpressions: [
        { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: [...excluded] },
        entry.namespaces,
      ],
    },
    ...(entry.objects !== undefined && { objectSelector: { matchExpressions: [entry.objects] } }),
    matchConditions: conditions,
    failurePolicy: options.failurePolicy,
    timeoutSeconds: options.timeoutSeconds,
    matchPolicy: 'Equivalent',
    reinvocationPolicy: 'IfNeeded',
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
  };
}

function clientAddress(address: WebhookAddress, path: string): object {
  return 'url' in address ? { url: address.url + path } : { service: { ...address.service, path } };
}

function podRule(): Rule {
  return rule(['CREATE'], '', 'v1', ['pods']);
}

/** A rule for each group and version. */
function workloadRules(): Rule[] {
  const groups = Map.groupBy(WORKLOAD_RESOURCES, ({ group, version }) => `${group}/${version}`);
  return [...groups.values()].flatMap((rows) => {
    const resources = rows.map(({ resource }) => resource);
    return rows
      .slice(0, 1)
      .map(({ group, version }) => rule(['CREATE', 'UPDATE'], group, version, resources));
  });
}

function rule(
  operations: Rule['operations'],
  group: string,
  version: string,
  resources: readonly string[],
): Rule {
  return { operations, apiGroups: [group], apiVersions: [version], resources, scope: 'Namespaced' };
}

// CEL. Under `failurePolicy: Fail` an expression that fails rejects the object, so nothing is read before it is known
// to be there: `object` is null on DELETE and `oldObject` on CREATE, and a custom kind may have a null anywhere.

/** That everything on the way from a variable to a field is there: `object`, `metadata.annotations`. */
function there(variable: string, path: string): string {
  const steps = path.split('.').map((_, index, all) => `${variable}.${all.slice(0, index + 1).join('.')}`);
  return steps.map((step) => `has(${step}) && ${step} != null`).join(' && ');
}

const NOT_A_MIRROR_POD = [
  'object == null || !(',
  `  ${there('object', 'metadata.annotations')} &&`,
  '  "kubernetes.io/config.mirror" in object.metadata.annotations',
  ')',
].join('\n');

/** The Pods of a workload are owned too, and they are the ones that matter. */
const NOT_AN_OWNED_WORKLOAD = [
  'object == null || request.kind.kind == "Pod" || !(',
  `  ${there('object', 'metadata.ownerReferences')} &&`,
  '  object.metadata.ownerReferences.exists(r, has(r.controller) && r.controller == true)',
  ')',
].join('\n');

/** A key of ours on the object or its pod template; on the old one too, so that taking a request away is seen. */
function asks(prefix: string): string {
  const places = new Set(['metadata', ...WORKLOAD_RESOURCES.flatMap(({ metadata }) => metadata)]);
  const found = [...places].map((place) => `  ${there('o', place)} ? o.${place} : null`);
  const ours = `exists(k, k.startsWith(${JSON.stringify(`${prefix}/`)}))`;
  return [
    '[object, oldObject].exists(o, o != null && [',
    found.join(',\n'),
    '].exists(m, m != null && (',
    `  (${there('m', 'annotations')} && m.annotations.${ours}) ||`,
    `  (${there('m', 'labels')} && m.labels.${ours})`,
    ')))',
  ].join('\n');
}
