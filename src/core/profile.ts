import type { Access } from './access.ts';

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

/**
 * An environment variable for the application. In its text `{ingest}` becomes the exporter's ingest port, `{port}` its
 * metrics port, and `{url}` where the exporter serves: `http://127.0.0.1:PORT`, or the address of one that is not in
 * the Pod (`Exporter.external`).
 */
export type AppEnv =
  /** Set where the application does not have it. */
  | { readonly name: string; readonly value: string }
  /** Appended, after a space, to the value that the application has, unless that already contains `unless`. */
  | { readonly name: string; readonly append: string; readonly unless: string };

/** How a profile uses an exporter. */
export interface ExporterUse {
  /** The exporter's name in the table of exporters. */
  readonly exporter: string;
  /** Mapping text handed to the exporter as a file. */
  readonly mapping?: string;
  /** Arguments after the exporter's own; those of several profiles are joined, each once. */
  readonly args?: readonly string[];
  readonly appEnv: readonly AppEnv[];
}

/** A profile, built in or the administrator's. */
export interface Profile {
  readonly name: string;
  /** One sentence for people: what it is for. */
  readonly summary: string;
  readonly target?: TargetDefaults;
  readonly exporter?: ExporterUse;
  /** Prometheus durations or `inherit`, for every target of the profile, an exporter's too. */
  readonly interval?: string;
  readonly timeout?: string;
  /** How Prometheus proves itself to the targets: for monitors and printed scrape jobs; annotations cannot say it. */
  readonly access?: Access;
  /** What whoever uses it has to know each time; told as a warning. */
  readonly notice?: string;
}

/** Kubernetes quantities. */
export interface ExporterResources {
  readonly cpuRequest: string;
  readonly cpuLimit: string;
  readonly memoryRequest: string;
  readonly memoryLimit: string;
}

/**
 * A variable of the exporter's container: text, in which `{port}`, `{ingest}` and `{address}` are replaced, or the key
 * of a Secret that `P/exporter-secret` names.
 */
export type ExporterEnv =
  { readonly name: string; readonly value: string } | { readonly name: string; readonly secret: true };

/** What reaches the exporter when an address, a Secret, or both are given. */
export interface ConnectionSettings {
  readonly env?: readonly ExporterEnv[];
  readonly args?: readonly string[];
}

/** What the exporter connects to, and how it is told. A way that is left out is refused, with the ways there are. */
export interface Connection {
  /** How an address is written, for messages: `127.0.0.1:6379`. */
  readonly example: string;
  /** `uri` asks for a scheme, `host-port` for none; `any` takes both. */
  readonly form: 'uri' | 'host-port' | 'any';
  /** What it connects to when the Pod names none; without one, an address or a Secret must be named. */
  readonly defaultAddress?: string;
  /** What the Secret's key holds, for messages and documentation: `the password`. */
  readonly secretHolds?: string;
  /** `P/exporter-address`, or the default address. */
  readonly address?: ConnectionSettings;
  /** `P/exporter-secret` alone; `{address}` is the default one. */
  readonly secret?: ConnectionSettings;
  readonly both?: ConnectionSettings;
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
  /** Variables that it always gets. */
  readonly env?: readonly ExporterEnv[];
  readonly connection?: Connection;
  /**
   * The cluster may have one of its own: with `P/exporter-address` no sidecar is added, and the application's variables
   * point there.
   */
  readonly external?: boolean;
  /** How a mapping is handed over: the flag (`{file}` is replaced) and the file's path in the container. */
  readonly mapping?: ExporterMapping;
  /** The image's numeric user, so that `runAsNonRoot` can be checked by the kubelet. */
  readonly runAsUser: number;
  readonly resources: ExporterResources;
  /** Written in Go: it is told its memory limit (`GOMEMLIMIT`). */
  readonly go: boolean;
  /** Its series carry labels of their own that Prometheus must keep (`honor_labels`), as pushed ones do. */
  readonly honorLabels?: boolean;
  /** Why one replica is enough: every further one would tell the same. Told as a warning on larger workloads. */
  readonly oneReplica?: string;
}

/** A file for the exporter. */
export interface ExporterMapping {
  readonly arg: string;
  readonly directory: string;
  readonly file: string;
  /** `statsd`: checked before it reaches a Pod, and `P/statsd-mapping` may replace it; `text`: taken as it is. */
  readonly format: 'statsd' | 'text';
}
