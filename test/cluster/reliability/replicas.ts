import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { sleep } from '../wait.ts';
import { startWebhook, temporaryDirectory } from '../webhook.ts';
import type { Front, Webhook, WebhookOptions } from '../webhook.ts';
import { startProxy } from './proxy.ts';
import type { Proxy } from './proxy.ts';

/** What {@link startReplicas} can be told. */
export interface ReplicaOptions extends Pick<
  WebhookOptions,
  'config' | 'kubeconfig' | 'certificate' | 'args' | 'nodeArgs' | 'script'
> {
  readonly count: number;
  /** Beside this process's environment; POD_NAME is `podscrape-N` in any case, another N for each process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether they start at the same moment, as after a power cut. Default: one after the other. */
  readonly atOnce?: boolean;
}

/** How a replica goes. */
export interface RollOptions {
  /** Milliseconds from SIGTERM until the proxy forgets the old replica. Default 5000: endpoints are that late. */
  readonly endpointDelayMs?: number;
}

/** Some `podscrape serve`, each a process of its own, behind one address. `front` is for `register` of webhook.ts. */
export interface Replicas {
  /** Those that run; the oldest one first. */
  readonly replicas: readonly Webhook[];
  readonly proxy: Proxy;
  readonly front: Front;
  /** Where `config` stands: rewritten, all of them read it again. */
  readonly configFile: string;
  /**
   * What a Deployment with maxSurge 1 and maxUnavailable 0 does: a new replica becomes ready and joins, then the oldest
   * one gets SIGTERM, and the proxy forgets it late. Resolves when it has ended; to the replica that is gone.
   */
  rollOne(options?: RollOptions): Promise<Webhook>;
  /** Starts one more, which joins once it is ready. */
  addOne(): Promise<Webhook>;
  /** Ends all of them and the proxy. */
  stop(): Promise<void>;
}

/** Starts the replicas and resolves when all are ready. Without `certificate` they share one folder of certificates. */
export async function startReplicas(options: ReplicaOptions): Promise<Replicas> {
  const { count, env, config, atOnce = false, ...rest } = options;
  const directory = temporaryDirectory();
  const configFile = join(directory, 'podscrape.yaml');
  // Once, and not by each of them, so that none reads it while the next one writes it.
  writeFileSync(configFile, config ?? '{}\n');
  const replicas: Webhook[] = [];
  const proxy = await startProxy();
  let started = 0;

  const addOne = async (): Promise<Webhook> => {
    const name = `podscrape-${started++}`;
    const webhook = await startWebhook({ ...rest, directory, configFile, env: { ...env, POD_NAME: name } });
    replicas.push(webhook);
    proxy.add(webhook.port);
    return webhook;
  };
  const stop = async (): Promise<void> => {
    await Promise.all(replicas.map((replica) => replica.stop()));
    await proxy.stop();
  };

  try {
    if (atOnce) await Promise.all(Array.from({ length: count }, addOne));
    else for (let index = 0; index < count; index++) await addOne();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    replicas,
    proxy,
    front: { url: proxy.url, certDir: directory },
    configFile,
    addOne,
    async rollOne({ endpointDelayMs = 5000 } = {}) {
      await addOne();
      const [old] = replicas.splice(0, 1);
      if (old === undefined) throw new Error('no replica to roll: start some with count');
      const ended = old.stop('SIGTERM');
      await sleep(endpointDelayMs);
      proxy.remove(old.port);
      await ended;
      return old;
    },
    stop,
  };
}
