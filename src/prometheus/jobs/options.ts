import type { Access } from '../../core/access.ts';
import type { AccessDirectories } from './access.ts';
import type { HttpClientConfig, Role } from '../scrape-config.ts';

/** What the printed jobs depend on; commands make it from options and podscrape's configuration. */
export interface JobOptions {
  /** `P`. */
  readonly annotationPrefix: string;
  /** The family of annotations that the jobs read: `prometheus.io`, a custom prefix, `k8s.grafana.com`. */
  readonly dialect: string;
  readonly role: Extract<Role, 'pod' | 'service' | 'endpoints' | 'endpointslice'>;
  /** None means all. */
  readonly namespaces: readonly string[];
  readonly cluster?: Cluster;
  readonly labels: LabelNames;
  /** Regular expression over the names of Pod labels that become target labels: `(.+)`. */
  readonly labelmap?: string;
  /** `app` says the container's name, whatever the Pod's label says. */
  readonly appLabelFromContainer: boolean;
  /** Adds jobs for what says `scrape-slow: "true"`. */
  readonly slow?: { readonly interval: string; readonly timeout: string };
  /** What must be scraped by a job of its own. */
  readonly variants: readonly Variant[];
  /** How often where neither Pod nor profile says. */
  readonly interval: string;
  readonly timeout: string;
  /** Profiles that say otherwise. */
  readonly times: readonly ProfileTimes[];
  /** Containers that are exporters, by name: an application's profile says nothing of them. Default: none. */
  readonly exporters?: readonly string[];
  /** Where Prometheus finds the Secrets and ConfigMaps of the variants. Default: as Prometheus Operator mounts them. */
  readonly directories?: AccessDirectories;
  /** What every job's name begins with. Default `podscrape`. */
  readonly jobPrefix?: string;
}

/** Another cluster than the one that Prometheus runs in. */
export interface Cluster extends HttpClientConfig {
  readonly api_server: string;
}

/** How the labels are called that tell targets apart. */
export interface LabelNames {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

/** Targets of a profile, or of an exporter, that need settings which only a whole job can have. */
export interface Variant {
  /** Part of the job's name. */
  readonly name: string;
  readonly profile?: string;
  /** The exporter's container; with a profile but without this, the profile's application targets. */
  readonly container?: string;
  readonly access?: Access;
  readonly honorLabels?: boolean;
}

/** Times of a profile's targets: Prometheus durations or `inherit`. */
export interface ProfileTimes {
  readonly profile: string;
  /** As in {@link Variant}. */
  readonly container?: string;
  readonly interval?: string;
  readonly timeout?: string;
}
