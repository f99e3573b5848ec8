import type { LabelRequirement } from '../core/selector.ts';
import type { Listed } from '../kube/list-watch.ts';

/** How the cluster knows the webhook. */
export interface Registration {
  /** Undefined where that may not be read. */
  readonly registered: boolean | undefined;
  /** Milliseconds since 1970. */
  readonly since?: number;
  /** Namespaces that every entry leaves out: podscrape's own is among them. */
  readonly excluded: readonly string[];
}

interface RawConfiguration extends Listed {
  readonly metadata: Listed['metadata'] & { readonly creationTimestamp?: string };
  readonly webhooks?: readonly {
    readonly namespaceSelector?: { readonly matchExpressions?: readonly LabelRequirement[] };
  }[];
}

const NAME_LABEL = 'kubernetes.io/metadata.name';

/** Reads a MutatingWebhookConfiguration. */
export function registrationOf(object: Listed): Registration {
  const { metadata, webhooks = [] } = object as RawConfiguration;
  const lists = webhooks.map(({ namespaceSelector }) =>
    (namespaceSelector?.matchExpressions ?? []).flatMap(({ key, operator, values = [] }) =>
      key === NAME_LABEL && operator === 'NotIn' ? values : [],
    ),
  );
  const [first = [], ...others] = lists;
  const since = Date.parse(metadata.creationTimestamp ?? '');
  return {
    registered: true,
    ...(Number.isNaN(since) ? {} : { since }),
    excluded: first.filter((name) => others.every((list) => list.includes(name))),
  };
}
