/**
 * A profile is a named set of defaults and, optionally, one exporter. Profiles and exporters are data
 * (`src/profiles/`, or the administrator's configuration): a new one needs no code.
 */

/** The defaults of the application target that a profile stands for. */
export interface TargetDefaults {
  readonly scheme: 'http' | 'https';
  readonly path: string;
  /** TCP port, 1–65535. */
  readonly port: number;
}

/** An environment variable for the application; `{ingest}` in the text becomes the exporter's ingest port. */
export type AppEnv =
  /** Set where the application does not have it. */
  | { readonly name: string; readonly value: string }
  /** Appended, after a space, to the value that the application has, unless that already contains `unless`. */
  | { readonly name: string; readonly append: string; readonly unless: string };

export interface ExporterUse {
  /** The exporter's name in the table of exporters. */
  readonly exporter: string;
  /** Mapping text handed to the exporter as a file. */
  readonly mapping?: string;
  readonly appEnv: readonly AppEnv[];
}

export interface Profile {
  readonly name: string;
  /** One sentence for people: what it is for. */
  readonly summary: string;
  readonly target?: TargetDefaults;
  readonly exporter?: ExporterUse;
}

/** Kubernetes quantities. */
export interface ExporterResources {
  readonly cpuRequest: string;
  readonly cpuLimit: string;
  readonly memoryRequest: string;
  readonly memoryLimit: string;
}

/** A sidecar that turns something else into Prometheus metrics. */
export interface Exporter {
  /** Also the container's name. */
  readonly name: string;
  /** From the administrator only, never from a Pod. */
  readonly image: string;
  /** Last path elements of images that are this exporter, whatever registry they come from. */
  readonly imageNames: readonly string[];
  /** Where it serves metrics; moves to the next free port when another container has it. */
  readonly port: number;
  readonly path: string;
  /** Where the application sends to, on loopback only; never declared (a UDP port would be a bogus target). */
  readonly ingestPort?: number;
  /** `{port}` and `{ingest}` are replaced. */
  readonly args: readonly string[];
  /** How a mapping is handed over: the flag (`{file}` is replaced) and the file's path in the container. */
  readonly mapping?: { readonly arg: string; readonly directory: string; readonly file: string };
  /** The image's numeric user, so that `runAsNonRoot` can be checked by the kubelet. */
  readonly runAsUser: number;
  readonly resources: ExporterResources;
}
