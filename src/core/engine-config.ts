import type { Exporter, Profile } from './profile.ts';

export type OptIn = 'annotation' | 'label' | 'namespace';
export type PortAnnotation = 'primary' | 'none';

/** All that a decision depends on besides the object and its surroundings. Made by `config/`, never changed. */
export interface EngineConfig {
  /** Prefix of podscrape's own annotations and labels, `P` in the documentation. */
  readonly annotationPrefix: string;
  readonly optIn: OptIn;
  /** Profile of Pods that are in and ask for nothing; undefined means that they are left alone. */
  readonly defaultProfile?: string;
  readonly portAnnotation: PortAnnotation;
  readonly allowHostNetwork: boolean;
  /** Leaves the sidecar's user id to the platform. */
  readonly openshift: boolean;
  /** Says that the scrapers keep init containers, so that `auto` may choose native sidecars for every Pod. */
  readonly initContainersScraped: boolean;
  /** Never touched, beside `kube-system`, `kube-public` and `kube-node-lease`. */
  readonly excludedNamespaces: readonly string[];
  readonly profiles: ReadonlyMap<string, Profile>;
  readonly exporters: ReadonlyMap<string, Exporter>;
  /** podscrape's version, for `P/status`. */
  readonly version: string;
  /** Short hash of the configuration that decides, for `P/status`; an upgrade of podscrape does not change it. */
  readonly hash: string;
}

/** Kubernetes' own namespaces: in the webhook configuration and again in code. */
export const SYSTEM_NAMESPACES: readonly string[] = ['kube-system', 'kube-public', 'kube-node-lease'];
