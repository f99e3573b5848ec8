import type { EngineConfig } from '../core/engine-config.ts';
import type { Exporter } from '../core/profile.ts';
import { BUILT_IN_EXPORTERS, BUILT_IN_PROFILES } from '../profiles/index.ts';
import { VERSION } from '../version.ts';
import { shortHash } from './hash.ts';
import type { ConfigFile, LogLevel } from './schema.ts';
import { DEFAULTS } from './schema.ts';

/** The configuration in force: the file over the built-in values. */
export interface Config {
  readonly engine: EngineConfig;
  readonly server: {
    /** Largest request body. */
    readonly bodyLimitBytes: number;
    /** How long to serve on, unready, after SIGTERM. */
    readonly drainSeconds: number;
  };
  readonly logging: { readonly level: LogLevel };
}

/** Lays a checked file over the built-in values. */
export function effectiveConfig(file: ConfigFile): Config {
  const decisive = {
    annotationPrefix: file.annotationPrefix ?? DEFAULTS.annotationPrefix,
    optIn: file.optIn ?? DEFAULTS.optIn,
    ...(file.defaultProfile !== undefined && { defaultProfile: file.defaultProfile }),
    portAnnotation: file.portAnnotation ?? DEFAULTS.portAnnotation,
    allowHostNetwork: file.allowHostNetwork ?? DEFAULTS.allowHostNetwork,
    openshift: file.openshift ?? DEFAULTS.openshift,
    initContainersScraped: file.initContainersScraped ?? DEFAULTS.initContainersScraped,
    // A set: order and repetition decide nothing, so they must not change the hash either.
    excludedNamespaces: [...new Set(file.excludedNamespaces ?? DEFAULTS.excludedNamespaces)].sort(),
    profiles: new Map(BUILT_IN_PROFILES.map((profile) => [profile.name, profile])),
    exporters: new Map(BUILT_IN_EXPORTERS.map((exporter) => [exporter.name, overridden(exporter, file)])),
  };
  return {
    // The version stands beside the hash in `P/status`; in it, an upgrade would look like a new configuration.
    engine: { ...decisive, version: VERSION, hash: shortHash(decisive) },
    server: { ...DEFAULTS.server, ...file.server },
    logging: { ...DEFAULTS.logging, ...file.logging },
  };
}

function overridden(exporter: Exporter, file: ConfigFile): Exporter {
  const { image, ...resources } = file.exporters?.[exporter.name] ?? {};
  return {
    ...exporter,
    ...(image !== undefined && { image }),
    resources: { ...exporter.resources, ...resources },
  };
}
