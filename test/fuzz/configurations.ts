import { effectiveConfig } from '../../src/config/effective.ts';
import type { EngineConfig } from '../../src/core/engine-config.ts';
import type { Policy } from '../../src/core/policy.ts';

const { engine } = effectiveConfig({});

const policy = (mode: Policy['mode']): Policy => ({
  name: mode,
  namespaceSelector: {},
  mode,
  allowOverride: false,
  conventions: {
    requireRequest: 'deny',
    allowedProfiles: { names: ['http', 'statsd'], severity: 'warn' },
    allowedPorts: { ranges: [{ from: 8000, to: 9999 }], severity: 'deny' },
    pathPattern: { pattern: '/[a-z/]+', severity: 'deny' },
    minInterval: { interval: '10s', severity: 'warn' },
    requireNamedPort: 'warn',
    noBadValues: 'deny',
  },
  exemptions: [{ selector: { matchLabels: { app: 'api' } }, until: 4102444800000, reason: 'being moved' }],
});

/** Configurations under which the runs take place; the first is the default. */
export const CONFIGURATIONS: readonly EngineConfig[] = [
  engine,
  ...(
    [
      { workloads: 'inject' },
      { workloads: 'inject', adopt: 'on', portAnnotation: 'none' },
      { workloads: 'off', adopt: 'off' },
      { adopt: 'on', defaultProfile: 'http' },
      { defaultProfile: 'gunicorn', initContainersScraped: true, workloads: 'inject' },
      { portAnnotation: 'none', istioScrapeTargets: true },
      { dialects: [{ prefix: 'customized.prometheus', instead: false }] },
      { dialects: [{ prefix: 'k8s.grafana.com', instead: true }], workloads: 'inject' },
      { allowHostNetwork: true, openshift: true, optIn: 'label' },
      { optIn: 'namespace', excludedNamespaces: ['team-b'] },
      { policies: [policy('audit')] },
      { policies: [policy('warn')], workloads: 'inject' },
      { policies: [policy('enforce')] },
      { policies: [{ ...policy('inject'), defaultProfile: 'statsd', operatorMode: true }], adopt: 'on' },
    ] satisfies readonly Partial<EngineConfig>[]
  ).map((changes): EngineConfig => ({ ...engine, ...changes })),
];
