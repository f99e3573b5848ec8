import type { Config } from '../config/load.ts';
import { needsRestart, needsWebhookConfig } from '../config/changes.ts';
import { watchConfig } from '../config/watch.ts';
import type { EngineConfig } from '../core/engine-config.ts';
import type { AdjustableLog, Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';

export interface KeptConfig {
  /** What decides now. */
  engine(): EngineConfig;
  /** How long to serve on after SIGTERM, in milliseconds. */
  drainMs(): number;
  /** How long certificates of our own are to live. */
  certificates(): Config['certificates'];
  /** Ends the watching of the file. */
  stop(): void;
}

export interface KeepOptions {
  /** Nothing to watch without one. */
  readonly file: string | undefined;
  readonly config: Config;
  readonly ownNamespace: string | undefined;
  readonly log: AdjustableLog;
  readonly metrics: Pick<Metrics, 'configReloaded'>;
  /** Told before a new configuration is put in force. Errors: what stands against it, in its message. */
  readonly accept: (next: EngineConfig, before: EngineConfig) => void;
}

/** Keeps the configuration in force, and takes what the file says next; an invalid file changes nothing. */
export function keepConfig({ file, config, ownNamespace, log, metrics, accept }: KeepOptions): KeptConfig {
  let current = config;
  let engine = withOwnNamespace(config.engine, ownNamespace);
  metrics.configReloaded('success', new Date(), config.engine.hash);
  const watch =
    file === undefined
      ? undefined
      : watchConfig({
          file,
          current: config,
          onChange: (next) => {
            const before = current;
            accept(next.engine, before.engine);
            current = next;
            engine = withOwnNamespace(next.engine, ownNamespace);
            log.level = next.logging.level;
            metrics.configReloaded('success', new Date(), next.engine.hash);
            log.info({ config: file, configHash: next.engine.hash }, 'configuration reloaded');
            tellWhatElse({ started: config, before, next }, log);
          },
          onInvalid: (problems) => {
            metrics.configReloaded('failure', new Date());
            log.error({ config: file, problems }, 'configuration invalid, the last good one stays in force');
          },
          onRestored: () => {
            metrics.configReloaded('success', new Date());
            log.info({ config: file }, 'configuration is again the one in force');
          },
        });
  return {
    engine: () => engine,
    drainMs: () => current.server.drainSeconds * 1000,
    certificates: () => current.certificates,
    stop: () => watch?.stop(),
  };
}

/** Some keys act elsewhere: on the server as it was made, and in the webhook configuration of the cluster. */
function tellWhatElse(
  { started, before, next }: { readonly started: Config; readonly before: Config; readonly next: Config },
  log: Log,
): void {
  const restart = needsRestart(started, next);
  if (restart.length > 0) log.warn({ keys: restart }, 'these keys take effect after a restart');
  const apply = needsWebhookConfig(before, next);
  if (apply.length > 0)
    log.warn(
      { keys: apply },
      'these keys need the webhook configuration applied again: podscrape webhook-config',
    );
}

/** podscrape's own Pods must start while podscrape is down, so that their namespace is out. */
function withOwnNamespace(engine: EngineConfig, namespace: string | undefined): EngineConfig {
  if (namespace === undefined || namespace === '') return engine;
  return { ...engine, excludedNamespaces: [...new Set([...engine.excludedNamespaces, namespace])] };
}
