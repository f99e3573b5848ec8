/** Command lines of `podscrape scrape-config`, by name: the golden outputs, and what a real promtool checks. */
export interface ScrapeConfigCase {
  readonly args: readonly string[];
  /** podscrape's configuration file. */
  readonly config?: string;
  /** It prints objects for kubectl, or a part of a configuration. */
  readonly prints?: 'objects' | 'jobs';
}

const CONFIG = `annotationPrefix: monitoring.example.com
dialects: [{prefix: customized.prometheus, instead: true}]
profiles:
  secure:
    summary: An application behind TLS with a password.
    target: {scheme: https, port: 8443}
    interval: 1m
    timeout: 20s
    tlsConfig:
      ca: {configMap: {name: authority, key: ca.crt}}
      cert: {secret: {name: client, key: tls.crt}}
      keySecret: {name: client, key: tls.key}
      serverName: shop.example.com
    basicAuth: {username: {name: login, key: user}, password: {name: login, key: password}}
  oauth:
    summary: An application behind OAuth 2.
    target: {scheme: https, port: 8444}
    interval: inherit
    oauth2:
      clientId: {secret: {name: client, key: id}}
      clientSecret: {name: client, key: secret}
      tokenUrl: https://login.example.com/token
      scopes: [metrics]
`;

const MANIFEST = ['-f', 'test/commands/scrape-config-workloads.yaml', '--print-services'];

export const SCRAPE_CONFIG_CASES: Readonly<Record<string, ScrapeConfigCase>> = {
  plain: { args: [] },
  'openfaas-labels': {
    args: [
      ...['--namespace-label', 'kubernetes_namespace', '--pod-label', 'kubernetes_pod_name'],
      ...['--container-label', 'kubernetes_container_name', '--labelmap', '--app-label-from-container'],
    ],
  },
  configured: { args: ['--secrets-dir', '/secrets', '--slow', '10m'], config: CONFIG },
  grafana: { args: ['--dialect', 'k8s.grafana.com', '--job-prefix', 'grafana'] },
  'other-cluster': {
    args: [
      ...[
        '--api-server',
        'https://10.0.0.1:6443',
        '--token-file',
        '/etc/other/token',
        '--ca-file',
        '/etc/other/ca',
      ],
      ...['--namespaces', 'shop,blog'],
    ],
  },
  components: {
    args: ['--with', 'kube-state-metrics,cadvisor,node-exporter,pushgateway', '--namespaces', 'shop'],
  },
  endpoints: { args: ['--role', 'endpoints'] },
  endpointslice: { args: ['--role', 'endpointslice', '--slow', '--labelmap', 'team|app'] },
  service: { args: ['--role', 'service', '--labelmap'] },
  jobs: { args: ['--role', 'service', '--format', 'jobs'], prints: 'jobs' },
  secret: { args: ['--role', 'endpointslice', '--format', 'secret'], prints: 'objects' },
  'services-headless': { args: ['--role', 'endpointslice', ...MANIFEST], prints: 'objects' },
  'services-cluster-address': { args: ['--role', 'service', ...MANIFEST], prints: 'objects' },
  'rbac-cluster': { args: ['--print-rbac', '--with', 'cadvisor'], prints: 'objects' },
  'rbac-namespaces': {
    args: [
      ...[
        '--print-rbac',
        '--namespaces',
        'shop,blog',
        '--with',
        'kube-state-metrics',
        '--resources',
        'pods,deployments',
      ],
      ...['--service-account', 'metrics/prometheus-k8s'],
    ],
    prints: 'objects',
  },
  'rbac-endpoints': {
    args: ['--print-rbac', '--role', 'endpoints', '--namespaces', 'shop'],
    prints: 'objects',
  },
};
