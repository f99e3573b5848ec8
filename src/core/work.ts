import type { Community } from './community.ts';
import type { Reason } from './decision.ts';
import type { ExternalExporter, PlannedExporter } from './planned-exporter.ts';
import type { Request } from './request.ts';
import type { ResolvedTarget } from './targets.ts';

/** What has been decided and is now to be carried out. */
export interface Work {
  readonly request: Request;
  readonly profiles: readonly string[];
  readonly plan: readonly PlannedExporter[];
  /** Those of the cluster, that the application is to be pointed at. */
  readonly external: readonly ExternalExporter[];
  /** The application's first; empty only where there is nothing but what is outside the Pod. */
  readonly targets: readonly ResolvedTarget[];
  /** What the owner said in the community's annotations. */
  readonly said: Community;
  /** Whether Istio merges the Pod's metrics. */
  readonly merging: boolean;
  readonly reason: Extract<Reason, 'injected' | 'adopted'>;
}
