import type { EngineConfig } from '../core/engine-config.ts';
import type { Surroundings } from '../core/surroundings.ts';
import { loadKubeConfig } from '../kube/config.ts';
import { startLimitWatch } from '../kube/limits.ts';
import { startNamespaceWatch } from '../kube/namespaces.ts';
import type { NamespaceWatch } from '../kube/namespaces.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** Policies are configured, and nothing tells which namespaces they are for. */
export class PoliciesUnwatched extends Error {
  override readonly name = 'PoliciesUnwatched';
}

/** What the watch is given, and whom it tells. */
export interface WatchNamespacesOptions {
  readonly options: { readonly kubeconfig?: string; readonly context?: string };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly config: () => EngineConfig;
  readonly log: Log;
  readonly metrics: Pick<
    Metrics,
    'namespacesSynced' | 'namespaceWatchRestarted' | 'limitsSynced' | 'limitWatchRestarted'
  >;
}

/** The namespaces, and beside them what limits their Pods, which nobody waits for. */
export interface WatchedNamespaces extends NamespaceWatch {
  /** All that a decision asks of a namespace; without a member that is not known. */
  lookup(name: string): Pick<Surroundings, 'labels' | 'annotations' | 'limits'>;
}

/**
 * The watch of namespaces and their limits, or undefined where there is no API server to ask: a webhook on somebody's
 * desk decides without it. Errors: KubeConfigError; PoliciesUnwatched, because a policy that never applies is worse
 * than none.
 */
export async function watchNamespaces({
  options,
  env,
  config,
  log,
  metrics,
}: WatchNamespacesOptions): Promise<WatchedNamespaces | undefined> {
  const { kubeconfig, context } = options;
  const inCluster = (env['KUBERNETES_SERVICE_HOST'] ?? '') !== '';
  if (kubeconfig === undefined && context === undefined && !inCluster) {
    assertNoPolicies(config());
    return undefined;
  }
  const server = await loadKubeConfig({
    env,
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(context === undefined ? {} : { context }),
  });
  const namespaces = startNamespaceWatch({
    server,
    annotationPrefix: () => config().annotationPrefix,
    log,
    onSync: () => metrics.namespacesSynced(),
    onRestart: () => metrics.namespaceWatchRestarted(),
  });
  const limits = startLimitWatch({
    server,
    log,
    onSync: (resource) => metrics.limitsSynced(resource),
    onRestart: (resource) => metrics.limitWatchRestarted(resource),
  });
  return {
    get: (name) => namespaces.get(name),
    synced: () => namespaces.synced(),
    relist: () => namespaces.relist(),
    async stop() {
      await Promise.all([namespaces.stop(), limits.stop()]);
    },
    lookup(name) {
      const found = limits.get(name);
      return { ...namespaces.get(name), ...(found === undefined ? {} : { limits: found }) };
    },
  };
}

/** Errors: PoliciesUnwatched. */
export function assertNoPolicies({ policies }: EngineConfig): void {
  if (policies.length === 0) return;
  throw new PoliciesUnwatched(
    'policies need the labels of namespaces, and there is no API server to ask: give --kubeconfig FILE',
  );
}
