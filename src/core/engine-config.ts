import type { Policy } from './policy.ts';
import type { Exporter, Profile } from './profile.ts';
import type { WorkloadKind } from './workload-kinds.ts';

export type OptIn = 'annotation' | 'label' | 'namespace';
export type PortAnnotation = 'primary' | 'none';
/** What becomes of a Pod that is in, asks for nothing of us, but has the community's `scrape: "true"`. */
export type Adopt = 'off' | 'warn' | 'on';
/** What happens to workloads: request keys copied into the pod template, the whole injection there, or nothing. */
export type WorkloadMode = 'hoist' | 'inject' | 'off';

/** A family of annotations that some scraper reads, written beside `prometheus.io` or instead of it. */
export interface Dialect {
  /** `customized.prometheus`; `k8s.grafana.com` has keys of its own. */
  readonly prefix: string;
  /** Whether `prometheus.io` is left out for it. */
  readonly instead: boolean;
}

/** What annotations may ask for an exporter, as request or limit: Kubernetes quantities, bounds included. */
export interface ExporterBounds {
  readonly cpu: { readonly min: string; readonly max: string };
  readonly memory: { readonly min: string; readonly max: string };
}

/** All that a decision depends on besides the object and its surroundings. Made by `config/`, never changed. */
export interface EngineConfig {
  /** Prefix of podscrape's own annotations and labels, `P` in the documentation. */
  readonly annotationPrefix: string;
  readonly optIn: OptIn;
  /** Profile of Pods that are in and ask for nothing; undefined means that they are left alone. */
  readonly defaultProfile?: string;
  readonly portAnnotation: PortAnnotation;
  readonly adopt: Adopt;
  readonly workloads: WorkloadMode;
  /** The built-in kinds, then the administrator's. */
  readonly workloadKinds: readonly WorkloadKind[];
  /** The first whose selector matches the namespace wins. */
  readonly policies: readonly Policy[];
  readonly dialects: readonly Dialect[];
  /** Write `prometheus.istio.io/scrape-targets` for several targets (Istio ≥ 1.31). */
  readonly istioScrapeTargets: boolean;
  readonly allowHostNetwork: boolean;
  /** Leaves the sidecar's user id to the platform. */
  readonly openshift: boolean;
  /** Says that the scrapers keep init containers, so that `auto` may choose native sidecars for every Pod. */
  readonly initContainersScraped: boolean;
  /** Never touched, beside `kube-system`, `kube-public` and `kube-node-lease`. */
  readonly excludedNamespaces: readonly string[];
  readonly profiles: ReadonlyMap<string, Profile>;
  readonly exporters: ReadonlyMap<string, Exporter>;
  readonly exporterBounds: ExporterBounds;
  /** podscrape's version, for `P/status`. */
  readonly version: string;
  /** Short hash of the configuration that decides, for `P/status`; an upgrade of podscrape does not change it. */
  readonly hash: string;
}

/** Kubernetes' own namespaces: in the webhook configuration and again in code. */
export const SYSTEM_NAMESPACES: readonly string[] = ['kube-system', 'kube-public', 'kube-node-lease'];
