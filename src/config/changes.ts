import type { Config } from './effective.ts';
import { canonicalJson } from './hash.ts';

type Parts = Readonly<Record<string, (config: Config) => unknown>>;

/** What the server and its metrics were made with, by key. */
const STARTED_WITH: Parts = {
  'server.bodyLimitBytes': ({ server }) => server.bodyLimitBytes,
  'metrics.namespaceLabel': ({ metrics }) => metrics.namespaceLabel,
};

/** What the webhook configurations are made from, by key. */
const REGISTERED: Parts = {
  annotationPrefix: ({ engine }) => engine.annotationPrefix,
  optIn: ({ engine }) => engine.optIn,
  workloads: ({ engine }) => engine.workloads,
  workloadKinds: ({ engine }) => engine.workloadKinds,
  excludedNamespaces: ({ engine }) => engine.excludedNamespaces,
  // Names and exemptions say nothing about which objects are sent.
  policies: ({ engine }) =>
    engine.policies.map((policy) => ({ ...policy, name: undefined, exemptions: undefined })),
};

export const RESTART_KEYS: readonly string[] = Object.keys(STARTED_WITH);
export const WEBHOOK_CONFIG_KEYS: readonly string[] = Object.keys(REGISTERED);

/** Keys whose new value takes effect only after a restart. */
export function needsRestart(before: Config, after: Config): string[] {
  return changed(STARTED_WITH, before, after);
}

/** Keys whose change means that the output of `podscrape webhook-config` must be applied again. */
export function needsWebhookConfig(before: Config, after: Config): string[] {
  return changed(REGISTERED, before, after);
}

function changed(parts: Parts, before: Config, after: Config): string[] {
  return Object.entries(parts)
    .filter(([, part]) => canonicalJson(part(before)) !== canonicalJson(part(after)))
    .map(([key]) => key);
}
