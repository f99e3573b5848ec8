/**
 * Parts of Prometheus' configuration file in its own words (prometheus/prometheus `config/config.go`,
 * `model/relabel/relabel.go`, `discovery/kubernetes/kubernetes.go`): as they are written into YAML, and as they are read
 * from it. Where a key is left out, Prometheus' default holds.
 */

/** The closed set of actions. */
export const ACTIONS = [
  'replace',
  'keep',
  'drop',
  'keepequal',
  'dropequal',
  'hashmod',
  'labelmap',
  'labeldrop',
  'labelkeep',
  'lowercase',
  'uppercase',
] as const;

export type Action = (typeof ACTIONS)[number];

/** One rule of `relabel_configs`. */
export interface RelabelConfig {
  readonly source_labels?: readonly string[];
  /** Default `;`. */
  readonly separator?: string;
  /** RE2, matched against the whole text with `(?s)`. Default `(.*)`. */
  readonly regex?: string;
  /** Of hashmod; an unsigned 64-bit number, as text where it is too large for a double. */
  readonly modulus?: number | bigint;
  readonly target_label?: string;
  /** Default `$1`. */
  readonly replacement?: string;
  /** Default `replace`. */
  readonly action?: Action;
}

export const ROLES = ['pod', 'service', 'endpoints', 'endpointslice', 'node', 'ingress'] as const;

export type Role = (typeof ROLES)[number];

export interface TlsClientConfig {
  readonly ca_file?: string;
  readonly cert_file?: string;
  readonly key_file?: string;
  readonly server_name?: string;
  readonly insecure_skip_verify?: boolean;
}

export interface OAuth2ClientConfig {
  readonly client_id: string;
  readonly client_secret_file: string;
  readonly token_url: string;
  readonly scopes?: readonly string[];
  readonly endpoint_params?: Readonly<Record<string, string>>;
}

/** How Prometheus proves itself, to a target or to the API server. */
export interface HttpClientConfig {
  readonly tls_config?: TlsClientConfig;
  readonly basic_auth?: { readonly username_file: string; readonly password_file: string };
  readonly authorization?: { readonly type?: string; readonly credentials_file: string };
  readonly oauth2?: OAuth2ClientConfig;
}

/** One of `kubernetes_sd_configs`. */
export interface KubernetesSdConfig extends HttpClientConfig {
  readonly role: Role;
  /** Without it, the cluster that Prometheus runs in. */
  readonly api_server?: string;
  readonly namespaces?: { readonly own_namespace?: boolean; readonly names?: readonly string[] };
  readonly selectors?: readonly { readonly role: Role; readonly label?: string; readonly field?: string }[];
  readonly attach_metadata?: AttachMetadata;
}

/** Of which other objects a target gets labels. */
export interface AttachMetadata {
  readonly node?: boolean;
  readonly namespace?: boolean;
  readonly deployment?: boolean;
  readonly job?: boolean;
  readonly cronjob?: boolean;
}

/** How histograms are scraped; labels of every target since Prometheus 3.13. */
export interface HistogramConfig {
  readonly convert_classic_histograms_to_nhcb?: boolean;
  readonly always_scrape_classic_histograms?: boolean;
  readonly scrape_native_histograms?: boolean;
}

/** One of `static_configs`. */
export interface StaticConfig {
  readonly targets: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
}

/** One job of `scrape_configs`. */
export interface ScrapeConfig extends HttpClientConfig, HistogramConfig {
  readonly job_name: string;
  readonly honor_labels?: boolean;
  /** Prometheus durations. */
  readonly scrape_interval?: string;
  readonly scrape_timeout?: string;
  readonly metrics_path?: string;
  readonly scheme?: string;
  readonly params?: Readonly<Record<string, readonly string[]>>;
  /** Default: that of `global`. */
  readonly metric_name_validation_scheme?: 'utf8' | 'legacy';
  readonly kubernetes_sd_configs?: readonly KubernetesSdConfig[];
  readonly static_configs?: readonly StaticConfig[];
  readonly relabel_configs?: readonly RelabelConfig[];
}

/** The part of `global` that targets depend on. */
export interface GlobalConfig extends HistogramConfig {
  /** Default `1m`. */
  readonly scrape_interval?: string;
  /** Default `10s`, or the interval where that is shorter. */
  readonly scrape_timeout?: string;
  /** Which label names are valid. Default `utf8`. */
  readonly metric_name_validation_scheme?: 'utf8' | 'legacy';
}

/** A whole `prometheus.yml`, as far as it is printed here. */
export interface PrometheusConfig {
  readonly global?: GlobalConfig;
  readonly scrape_configs: readonly ScrapeConfig[];
}
