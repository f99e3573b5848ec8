import type { OptIn, WorkloadMode } from './engine-config.ts';
import { SYSTEM_NAMESPACES } from './engine-config.ts';
import type { MatchCondition } from './match-conditions.ts';
import { asksForNothing, asksForPodscrape, NEVER_SENT } from './match-conditions.ts';
import type { Policy } from './policy.ts';
import { canDeny } from './policy.ts';
import type { LabelRequirement, LabelSelector } from './selector.ts';
import type { WorkloadKind } from './workload-kinds.ts';

/** Where the apiserver finds podscrape: a base URL without a slash at its end, or a Service. */
export type WebhookAddress =
  | { readonly url: string }
  | { readonly service: { readonly namespace: string; readonly name: string; readonly port: number } };

export type FailurePolicy = 'Ignore' | 'Fail';

/** What a configuration is made of; failure policy and timeout may differ between the two. */
export interface WebhookConfigurationOptions {
  readonly address: WebhookAddress;
  readonly annotationPrefix: string;
  readonly optIn: OptIn;
  readonly workloads: WorkloadMode;
  readonly workloadKinds: readonly WorkloadKind[];
  readonly policies: readonly Policy[];
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
/** Validation comes after all mutation, whatever the name. */
export const VALIDATING_WEBHOOK_CONFIGURATION_NAME = 'podscrape';

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
  /** Among the namespaces that are not excluded. */
  readonly namespaces: LabelSelector;
  readonly objects?: LabelRequirement;
  readonly asks?: MatchCondition;
}

const ENABLED = ['enabled', 'true'];
const DISABLED = ['disabled', 'false'];

/**
 * The MutatingWebhookConfiguration. Its entries are disjoint: no object is sent twice (but for what two policies with
 * `requireRequest` both select), and an unasked Pod in a namespace that said nothing is not sent at all, unless a policy
 * wants every Pod to ask.
 */
export function webhookConfiguration(options: WebhookConfigurationOptions): object {
  const webhooks = mutatingEntries(options).map((entry) => ({
    ...webhook(entry, options),
    reinvocationPolicy: 'IfNeeded',
  }));
  return configuration('MutatingWebhookConfiguration', WEBHOOK_CONFIGURATION_NAME, webhooks);
}

/**
 * The ValidatingWebhookConfiguration, or undefined when no policy can deny anything. An entry for each policy that
 * can, so that only namespaces where denials happen depend on it. A namespace that two of them select is sent for
 * both, with one answer: which policy is in force is decided in code, where the first wins.
 */
export function validatingWebhookConfiguration(options: WebhookConfigurationOptions): object | undefined {
  const entries = options.policies.filter(canDeny).map((policy) => validatingEntry(policy, options));
  if (entries.length === 0) return undefined;
  const webhooks = entries.map((entry) => webhook(entry, options));
  return configuration('ValidatingWebhookConfiguration', VALIDATING_WEBHOOK_CONFIGURATION_NAME, webhooks);
}

function configuration(kind: string, name: string, webhooks: readonly object[]): object {
  // AKS would otherwise add a namespaceSelector of its own and fight over it.
  const marks = { 'admissions.enforcer/disabled': 'true' };
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind,
    metadata: {
      name,
      labels: { 'app.kubernetes.io/name': 'podscrape', 'app.kubernetes.io/component': 'webhook', ...marks },
      annotations: marks,
    },
    webhooks,
  };
}

function mutatingEntries(options: WebhookConfigurationOptions): Entry[] {
  const { annotationPrefix, optIn, workloads, workloadKinds, policies } = options;
  const key = `${annotationPrefix}/inject`;
  const optedIn: LabelRequirement = { key, operator: 'In', values: ENABLED };
  const said: LabelRequirement = { key, operator: 'NotIn', values: [...ENABLED, ...DISABLED] };
  const kinds = workloads === 'off' ? [] : workloadKinds;
  const found: Entry[] = [
    {
      name: 'pods-namespace.podscrape.dev',
      path: '/mutate/namespace',
      rules: [podRule()],
      namespaces: { matchExpressions: [optedIn] },
      objects: notDisabled(annotationPrefix),
    },
  ];
  // No objectSelector: a label on a workload says nothing of its Pods.
  if (kinds.length > 0) {
    found.push({
      name: 'workloads-namespace.podscrape.dev',
      path: '/mutate/namespace/workloads',
      rules: workloadRules(kinds),
      namespaces: { matchExpressions: [optedIn] },
    });
  }
  const object = {
    name: 'object.podscrape.dev',
    path: '/mutate/object',
    rules: [podRule(), ...workloadRules(kinds)],
    namespaces: { matchExpressions: [said] },
  };
  if (optIn === 'annotation') found.push({ ...object, asks: asksForPodscrape(annotationPrefix, kinds) });
  if (optIn === 'label') found.push({ ...object, objects: optedIn });
  const unasked: Unasked = {
    ...object,
    ...(optIn === 'annotation' && { asks: asksForNothing(annotationPrefix, kinds) }),
    ...(optIn === 'label' && { objects: said }),
  };
  return [...found, ...policies.flatMap((policy) => unaskedEntry(policy, unasked, said, annotationPrefix))];
}

type Unasked = Omit<Entry, 'name' | 'namespaces'>;

/**
 * Objects that say nothing, where a policy wants every Pod to ask: to warn about them, or to count them. Such a
 * namespace costs a call for each Pod; denying them is the validating configuration's.
 */
function unaskedEntry(
  policy: Policy,
  unasked: Unasked,
  said: LabelRequirement,
  prefix: string,
): readonly Entry[] {
  const { conventions, mode, namespaceSelector, name } = policy;
  if (conventions.requireRequest === undefined) return [];
  const { matchLabels, matchExpressions = [] } = namespaceSelector;
  const tightened: LabelRequirement = { key: `${prefix}/mode`, operator: 'In', values: ['warn', 'enforce'] };
  const namespaces = {
    ...(matchLabels !== undefined && { matchLabels }),
    matchExpressions: [...matchExpressions, said, ...(mode === 'inject' ? [tightened] : [])],
  };
  return [{ ...unasked, name: `${name}.unasked.podscrape.dev`, namespaces }];
}

/**
 * Where the policy may deny: in no namespace that opted out. Workloads are judged even where they are never patched
 * (`workloads: off`): a denied Pod of theirs would be seen in a ReplicaSet's events only.
 */
function validatingEntry(policy: Policy, options: WebhookConfigurationOptions): Entry {
  const { annotationPrefix } = options;
  const { matchLabels, matchExpressions = [] } = policy.namespaceSelector;
  const enforced: LabelRequirement = { key: `${annotationPrefix}/mode`, operator: 'In', values: ['enforce'] };
  return {
    name: `${policy.name}.policies.podscrape.dev`,
    path: '/validate',
    rules: [podRule(), ...workloadRules(options.workloadKinds)],
    namespaces: {
      ...(matchLabels !== undefined && { matchLabels }),
      matchExpressions: [
        ...matchExpressions,
        notDisabled(annotationPrefix),
        ...(policy.mode === 'enforce' ? [] : [enforced]),
      ],
    },
  };
}

/** NotIn matches an absent key too. */
function notDisabled(prefix: string): LabelRequirement {
  return { key: `${prefix}/inject`, operator: 'NotIn', values: DISABLED };
}

function webhook(entry: Entry, options: WebhookConfigurationOptions): object {
  const { matchLabels, matchExpressions = [] } = entry.namespaces;
  const excluded = new Set([...SYSTEM_NAMESPACES, ...options.excludedNamespaces]);
  return {
    name: entry.name,
    clientConfig: {
      ...clientAddress(options.address, entry.path),
      ...(options.caBundle !== undefined && { caBundle: options.caBundle }),
    },
    rules: entry.rules,
    namespaceSelector: {
      ...(matchLabels !== undefined && { matchLabels }),
      matchExpressions: [
        { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: [...excluded] },
        ...matchExpressions,
      ],
    },
    ...(entry.objects !== undefined && { objectSelector: { matchExpressions: [entry.objects] } }),
    matchConditions: [...NEVER_SENT, ...(entry.asks === undefined ? [] : [entry.asks])],
    failurePolicy: options.failurePolicy,
    timeoutSeconds: options.timeoutSeconds,
    matchPolicy: 'Equivalent',
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
function workloadRules(kinds: readonly WorkloadKind[]): Rule[] {
  const groups = Map.groupBy(kinds, ({ group, version }) => `${group}/${version}`);
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
