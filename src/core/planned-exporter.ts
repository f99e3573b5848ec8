import type { Connected } from './exporter-connection.ts';
import type { Place } from './pod.ts';
import type { Exporter, ExporterResources, Profile } from './profile.ts';
import type { KeyReference } from './values.ts';

/** One exporter that the request's profiles use, looked up in the Pod. */
export interface PlannedExporter {
  readonly exporter: Exporter;
  readonly profiles: readonly Profile[];
  readonly mapping?: string;
  /** A ConfigMap whose file takes the mapping's place, if it is there. */
  readonly mappingConfigMap?: KeyReference;
  /** How a new one is told what it connects to. */
  readonly connected: Connected;
  /** What the container gets; absent ones are not set. */
  readonly resources: Readonly<Partial<ExporterResources>>;
  /** The container that already is this exporter, the owner's or ours from an earlier pass. */
  readonly existing?: Place;
  /** Whether the Pod's record, which anybody may have written, says that it is ours. */
  readonly isRecorded?: boolean;
  /** Where it serves metrics; a new one may still move (`choosePorts`). */
  readonly port: number;
  readonly path: string;
  readonly ingest: number | undefined;
}

/** An exporter that the cluster has: nothing of it is in the Pod, and the application is pointed at it. */
export interface ExternalExporter {
  readonly exporter: Exporter;
  readonly profiles: readonly Profile[];
  /** Without a slash at its end. */
  readonly url: string;
}

/** The exporters of a request. */
export interface Exporters {
  /** Those that are in the Pod, or are to be. */
  readonly inPod: readonly PlannedExporter[];
  readonly external: readonly ExternalExporter[];
}
