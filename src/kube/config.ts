import { access, readFile } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

import { ioReason } from '../core/io-reason.ts';
import type { ApiServer } from './api-server.ts';
import { KubeConfigError } from './kube-config-error.ts';
import { loadKubeConfigFile } from './kube-config-file.ts';

export { KubeConfigError } from './kube-config-error.ts';

export interface KubeConfigOptions {
  /** A kubeconfig file; without one, the Pod's ServiceAccount. */
  readonly kubeconfig?: string;
  /** A context of that file; its current one when left out. */
  readonly context?: string;
  /** The process's own when left out. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Where the ServiceAccount's files are; another folder in tests. */
  readonly serviceAccount?: string;
}

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Finds the API server. Errors: KubeConfigError, which names the file, the fault and the remedy. */
export async function loadKubeConfig(options: KubeConfigOptions = {}): Promise<ApiServer> {
  const { kubeconfig, context, env = process.env, serviceAccount = SERVICE_ACCOUNT } = options;
  if (kubeconfig !== undefined) return loadKubeConfigFile(kubeconfig, context);
  if (context !== undefined) throw new KubeConfigError('--context needs --kubeconfig FILE');
  const host = env['KUBERNETES_SERVICE_HOST'];
  if (host === undefined || host === '') {
    throw new KubeConfigError(
      'no API server: not in a Pod (KUBERNETES_SERVICE_HOST is not set); give --kubeconfig FILE',
    );
  }
  return inCluster(host, env['KUBERNETES_SERVICE_PORT'] ?? '443', serviceAccount);
}

/**
 * The kubeconfig file that kubectl takes when it is told of none: that of KUBECONFIG, else `~/.kube/config`; undefined where
 * there is no such file. Errors: KubeConfigError for several files, which kubectl merges.
 */
export async function usualKubeConfig(
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<string | undefined> {
  const [file, ...more] = (env['KUBECONFIG'] ?? '').split(delimiter).filter((name) => name !== '');
  if (more.length > 0)
    throw new KubeConfigError('KUBECONFIG names several files; give one with --kubeconfig FILE');
  if (file !== undefined) return file;
  const usual = join(env['HOME'] ?? homedir(), '.kube', 'config');
  return (await isReadable(usual)) ? usual : undefined;
}

/**
 * The Pod's ServiceAccount. Not through client-node, whose import takes 370 ms and 85 MB, and which keeps the first CA
 * for as long as the process lives.
 */
async function inCluster(host: string, port: string, folder: string): Promise<ApiServer> {
  const files = [join(folder, 'token'), join(folder, 'ca.crt')] as const;
  for (const file of files) {
    await access(file).catch((error: unknown) => {
      throw new KubeConfigError(
        `${file}: ${ioReason(error)}; set automountServiceAccountToken: true, or give --kubeconfig FILE`,
      );
    });
  }
  const namespace = await readFile(join(folder, 'namespace'), 'utf8').catch(() => '');
  return {
    url: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`,
    source: "the Pod's ServiceAccount",
    ...(namespace.trim() === '' ? {} : { namespace: namespace.trim() }),
    async credentials() {
      const [token, ca] = await Promise.all(files.map((file) => readFile(file, 'utf8')));
      return { ca, headers: { authorization: `Bearer ${(token ?? '').trim()}` } };
    },
  };
}

async function isReadable(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
