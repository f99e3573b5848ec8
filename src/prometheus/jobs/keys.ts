import { GRAFANA_PREFIX } from '../../core/community.ts';

/** The annotations of one family, whole keys. */
export interface DialectKeys {
  readonly scrape: string;
  readonly slow: string;
  readonly scheme: string;
  readonly path: string;
  readonly port: string;
  /** Followed by the parameter's name. */
  readonly param: string;
  /** What only `k8s.grafana.com` has. */
  readonly grafana?: {
    readonly portName: string;
    readonly container: string;
    readonly interval: string;
    readonly timeout: string;
  };
}

/** The keys of the family `prefix`; `k8s.grafana.com` has its own. */
export function dialectKeys(prefix: string): DialectKeys {
  const common = { scrape: `${prefix}/scrape`, slow: `${prefix}/scrape-slow` };
  if (prefix !== GRAFANA_PREFIX) {
    return {
      ...common,
      scheme: `${prefix}/scheme`,
      path: `${prefix}/path`,
      port: `${prefix}/port`,
      param: `${prefix}/param_`,
    };
  }
  return {
    ...common,
    scheme: `${prefix}/metrics.scheme`,
    path: `${prefix}/metrics.path`,
    port: `${prefix}/metrics.portNumber`,
    param: `${prefix}/metrics.param_`,
    grafana: {
      portName: `${prefix}/metrics.portName`,
      container: `${prefix}/metrics.container`,
      interval: `${prefix}/metrics.scrapeInterval`,
      timeout: `${prefix}/metrics.scrapeTimeout`,
    },
  };
}
