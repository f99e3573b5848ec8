import type { EngineConfig, ExporterBounds } from '../core/engine-config.ts';
import type { Exporter, Profile } from '../core/profile.ts';
import type { WorkloadKind } from '../core/workload-kinds.ts';
import { WORKLOAD_KINDS } from '../core/workload-kinds.ts';
import { VERSION } from '../version.ts';
import { exporterEntries, profileEntries } from './catalogue.ts';
import { DEFAULTS, ENTRY_DEFAULTS } from './defaults.ts';
import { effectivePolicy } from './effective-policy.ts';
import type { ExporterForm, ProfileForm } from './forms.ts';
import { exporterOf, profileOf } from './forms.ts';
import { shortHash } from './hash.ts';
import { mirrored } from './image.ts';
import type { ConfigFile, LogLevel } from './schema.ts';

/** The configuration in force: the file over the built-in values. */
export interface Config {
  readonly engine: EngineConfig;
  readonly server: {
    /** Largest request body. */
    readonly bodyLimitBytes: number;
    /** How long to serve on, unready, after SIGTERM. */
    readonly drainSeconds: number;
  };
  /** How long certificates of podscrape's own live: durations. */
  readonly certificates: { readonly life: string; readonly authorityLife: string };
  readonly metrics: { readonly namespaceLabel: boolean };
  readonly logging: { readonly level: LogLevel };
}

/** Lays a checked file over the built-in values. */
export function effectiveConfig(file: ConfigFile): Config {
  const decisive: Omit<EngineConfig, 'version' | 'hash'> = {
    annotationPrefix: file.annotationPrefix ?? DEFAULTS.annotationPrefix,
    optIn: file.optIn ?? DEFAULTS.optIn,
    ...(file.defaultProfile !== undefined && { defaultProfile: file.defaultProfile }),
    portAnnotation: file.portAnnotation ?? DEFAULTS.portAnnotation,
    adopt: file.adopt ?? DEFAULTS.adopt,
    workloads: file.workloads ?? DEFAULTS.workloads,
    workloadKinds: [...WORKLOAD_KINDS, ...workloadKinds(file)],
    policies: (file.policies ?? DEFAULTS.policies).map(effectivePolicy),
    dialects: (file.dialects ?? DEFAULTS.dialects).map((row) => ({ ...ENTRY_DEFAULTS.dialect, ...row })),
    istioScrapeTargets: file.istioScrapeTargets ?? DEFAULTS.istioScrapeTargets,
    allowHostNetwork: file.allowHostNetwork ?? DEFAULTS.allowHostNetwork,
    openshift: file.openshift ?? DEFAULTS.openshift,
    initContainersScraped: file.initContainersScraped ?? DEFAULTS.initContainersScraped,
    // A set: order and repetition decide nothing, so they must not change the hash either.
    excludedNamespaces: [...new Set(file.excludedNamespaces ?? DEFAULTS.excludedNamespaces)].sort(),
    profiles: new Map(profiles(file)),
    exporters: new Map(exporters(file)),
    exporterBounds: exporterBounds(file),
  };
  return {
    // The version stands beside the hash in `P/status`; in it, an upgrade would look like a new configuration.
    engine: { ...decisive, version: VERSION, hash: shortHash(decisive) },
    server: { ...DEFAULTS.server, ...file.server },
    certificates: { ...DEFAULTS.certificates, ...file.certificates },
    metrics: { ...DEFAULTS.metrics, ...file.metrics },
    logging: { ...DEFAULTS.logging, ...file.logging },
  };
}

function workloadKinds(file: ConfigFile): WorkloadKind[] {
  return (file.workloadKinds ?? []).map((row) => ({ ...ENTRY_DEFAULTS.workloadKind, ...row }));
}

function profiles(file: ConfigFile): [string, Profile][] {
  return profileEntries(file.profiles).map(({ name, data }) => [
    name,
    // What the check let through is complete.
    profileOf(name, data as unknown as ProfileForm),
  ]);
}

function exporters(file: ConfigFile): [string, Exporter][] {
  return exporterEntries(file.exporters).map(({ name, data }) => {
    const exporter = exporterOf(name, data as unknown as ExporterForm);
    if (file.imageRegistry === undefined) return [name, exporter];
    return [name, { ...exporter, image: mirrored(exporter.image, file.imageRegistry) }];
  });
}

function exporterBounds({ exporterBounds: given }: ConfigFile): ExporterBounds {
  const { cpu, memory } = DEFAULTS.exporterBounds;
  return { cpu: { ...cpu, ...given?.cpu }, memory: { ...memory, ...given?.memory } };
}
