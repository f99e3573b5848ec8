import { effectiveConfig } from '../../src/config/effective.ts';
import type { ConfigFile } from '../../src/config/schema.ts';
import type { EngineConfig } from '../../src/core/engine-config.ts';

/** The engine's configuration with a version and hash that do not change from release to release. */
export function engineConfig(file: ConfigFile = {}): EngineConfig {
  return { ...effectiveConfig(file).engine, version: 'test', hash: 'test' };
}
