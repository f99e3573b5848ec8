import { access } from 'node:fs/promises';

import type { Cluster, KubeConfig, User } from '@kubernetes/client-node';

import { ioReason } from '../core/io-reason.ts';
import { didYouMean } from '../core/problem.ts';
import { clip, oneOf, quoted, withoutControlCharacters } from '../core/text.ts';
import type { ApiServer, Credentials } from './api-server.ts';
import { KubeConfigError } from './kube-config-error.ts';

/**
 * Loads a kubeconfig file through client-node, which knows every way to authenticate that one can name: tokens, client
 * certificates, exec plugins, OIDC, proxies. It is imported here and only here, when there is such a file.
 * Errors: KubeConfigError.
 */
export async function loadKubeConfigFile(file: string, context?: string): Promise<ApiServer> {
  const config = await parse(file);
  const name = contextName(config, file, context);
  config.setCurrentContext(name);
  const { cluster, user } = parts(config, file, name);
  for (const path of [cluster.caFile, user.certFile, user.keyFile]) {
    if (!path) continue;
    await access(path).catch((error: unknown) => {
      throw new KubeConfigError(`${path}: ${ioReason(error)}; ${file} names it`);
    });
  }
  const namespace = config.getContextObject(name)?.namespace;
  return {
    url: serverUrl(cluster, file),
    source: `${file}, context ${quoted(name)}`,
    ...(namespace ? { namespace } : {}),
    async credentials() {
      const options: Credentials = {};
      await config.applyToHTTPSOptions(options);
      const { agent, ...rest } = options;
      // Its agents are kept for ever, and with them the CA and client certificate of the first request; only a proxy
      // needs one.
      return cluster.proxyUrl ? { ...rest, agent } : rest;
    },
  };
}

async function parse(file: string): Promise<KubeConfig> {
  // The check comes before the import, which is slow.
  await access(file).catch((error: unknown) => {
    throw new KubeConfigError(`${file}: ${ioReason(error)}; give another with --kubeconfig FILE`);
  });
  const { KubeConfig } = await import('./client-node.ts');
  const config = new KubeConfig();
  try {
    config.loadFromFile(file);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const because = code === undefined ? `no kubeconfig (${firstLine(error)})` : ioReason(error);
    throw new KubeConfigError(`${file}: ${because}; give another with --kubeconfig FILE`);
  }
  return config;
}

function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return clip(withoutControlCharacters(message.split('\n')[0] ?? ''), 80);
}

function contextName(config: KubeConfig, file: string, wanted: string | undefined): string {
  const names = config.getContexts().map(({ name }) => name);
  const name = wanted ?? config.getCurrentContext();
  if (names.includes(name)) return name;
  if (names.length === 0) throw new KubeConfigError(`${file}: no contexts; add one with kubectl config`);
  // A file may lack current-context, whatever the type says.
  if (!name) {
    throw new KubeConfigError(`${file}: no current-context; choose ${oneOf(names)} with --context`);
  }
  const hint = didYouMean(name, names).hint ?? `there is ${oneOf(names)}`;
  throw new KubeConfigError(`${file}: no context ${quoted(name)}; ${hint}`);
}

function parts(config: KubeConfig, file: string, context: string): { cluster: Cluster; user: User } {
  const cluster = config.getCurrentCluster();
  const user = config.getCurrentUser();
  for (const [kind, found] of Object.entries({ cluster, user })) {
    if (found === null) {
      throw new KubeConfigError(`${file}: context ${quoted(context)} names a ${kind} that is not there`);
    }
  }
  return { cluster, user } as { cluster: Cluster; user: User };
}

function serverUrl(cluster: Cluster, file: string): string {
  const url = URL.parse(cluster.server);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new KubeConfigError(`${file}: server ${quoted(cluster.server)} is no https:// URL`);
  }
  // What client-node asks for, so that nobody's token goes over the wire in the clear by mistake.
  if (url.protocol === 'http:' && !cluster.skipTLSVerify) {
    throw new KubeConfigError(
      `${file}: server ${quoted(cluster.server)} is not https; set insecure-skip-tls-verify: true to allow it`,
    );
  }
  return cluster.server.replace(/\/+$/, '');
}
