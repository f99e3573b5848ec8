import { LIMIT_RESOURCES } from '../core/namespace-limits.ts';
import {
  VALIDATING_WEBHOOK_CONFIGURATION_NAME,
  WEBHOOK_CONFIGURATION_NAME,
} from '../core/webhook-configuration.ts';
import type { MetricRow } from './metric-row.ts';

const RESULT = { means: 'how it went', values: ['success', 'failure'] } as const;
const CONFIGURATION = {
  configuration: {
    means: 'the webhook configuration, mutating or validating',
    values: [WEBHOOK_CONFIGURATION_NAME, VALIDATING_WEBHOOK_CONFIGURATION_NAME],
  },
} as const;
const SINCE_1970 = 'seconds since 1970';
const YES_OR_NO = '1 or 0';

/** What a replica is, knows and holds. */
export const PROCESS_METRICS = {
  podscrape_build_info: {
    type: 'gauge',
    help: 'Always 1; the label says which version runs.',
    unit: '1',
    labels: { version: { means: 'podscrape’s; that of Node.js is in `nodejs_version_info`' } },
  },
  podscrape_ready: {
    type: 'gauge',
    help: 'Whether the replica is ready, as `/readyz` says at the moment of the scrape.',
    unit: YES_OR_NO,
  },
  podscrape_config_info: {
    type: 'gauge',
    help: 'Always 1; the label says which configuration is in force.',
    unit: '1',
    labels: { hash: { means: 'of all that decides, the same as in the record on the objects' } },
  },
  podscrape_config_reloads_total: {
    type: 'counter',
    help: 'Configurations read, that of the start and each change of the file, by result.',
    unit: 'reloads',
    labels: { result: RESULT },
    fromStart: true,
  },
  podscrape_config_last_reload_successful: {
    type: 'gauge',
    help: 'Whether the configuration file, as it is now, is the one in force: 1, or 0 while it is invalid.',
    unit: YES_OR_NO,
  },
  podscrape_config_last_reload_success_timestamp_seconds: {
    type: 'gauge',
    help: 'When the configuration in force was read, in seconds since 1970.',
    unit: SINCE_1970,
  },
  podscrape_namespace_watch_synced: {
    type: 'gauge',
    help: 'Whether the namespaces are known: 1 after the first list; 0 also where nobody watches them.',
    unit: YES_OR_NO,
  },
  podscrape_namespace_watch_restarts_total: {
    type: 'counter',
    help: 'How often the watch of namespaces broke and was made anew.',
    unit: 'restarts',
  },
  podscrape_limit_watch_synced: {
    type: 'gauge',
    help: 'Whether the LimitRanges and ResourceQuotas are known: 1 after the first list; 0 also without the right.',
    unit: YES_OR_NO,
    labels: { resource: { means: 'what is watched', values: LIMIT_RESOURCES } },
    fromStart: true,
  },
  podscrape_limit_watch_restarts_total: {
    type: 'counter',
    help: 'How often the watch of LimitRanges or ResourceQuotas broke and was made anew.',
    unit: 'restarts',
    labels: { resource: { means: 'what is watched', values: LIMIT_RESOURCES } },
    fromStart: true,
  },
  podscrape_certificate_not_before_timestamp_seconds: {
    type: 'gauge',
    help: 'Since when the serving certificate is valid, in seconds since 1970.',
    unit: SINCE_1970,
  },
  podscrape_certificate_not_after_timestamp_seconds: {
    type: 'gauge',
    help: 'When the serving certificate expires, in seconds since 1970.',
    unit: SINCE_1970,
  },
  podscrape_certificate_authority_not_after_timestamp_seconds: {
    type: 'gauge',
    help: 'When podscrape’s own authority expires, in seconds since 1970; 0 where the certificate is somebody else’s.',
    unit: SINCE_1970,
  },
  podscrape_certificate_renewals_total: {
    type: 'counter',
    help: 'Serving certificates that were to replace the one in use, by result.',
    unit: 'renewals',
    labels: { result: RESULT },
    fromStart: true,
  },
  podscrape_ca_bundle_published: {
    type: 'gauge',
    help: 'Whether a webhook configuration carries the CA bundle, as the leader last saw it; others say nothing of it.',
    unit: YES_OR_NO,
    labels: CONFIGURATION,
  },
  podscrape_ca_bundle_repairs_total: {
    type: 'counter',
    help: 'How often the CA bundle of a webhook configuration was wrong or gone and was written again.',
    unit: 'repairs',
    labels: CONFIGURATION,
    fromStart: true,
  },
  podscrape_leader: {
    type: 'gauge',
    help: 'Whether this replica is the one that publishes the CA bundle: 1 or 0.',
    unit: YES_OR_NO,
  },
} as const satisfies Readonly<Record<string, MetricRow>>;
