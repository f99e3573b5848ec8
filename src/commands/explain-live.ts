import { access } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

import { KubeConfigError, loadKubeConfig } from '../kube/config.ts';
import { PodReadError, readPod } from '../kube/pods.ts';

export interface LivePodOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace?: string;
  /** The process's own when left out. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A Pod of the cluster as JSON, or why there is none, in words. */
export async function livePod(
  name: string,
  { namespace = 'default', context, kubeconfig, env = process.env }: LivePodOptions,
): Promise<{ readonly text: string } | { readonly problem: string }> {
  try {
    const file = kubeconfig ?? (await usualKubeConfig(env));
    const server = await loadKubeConfig({
      env,
      ...(file === undefined ? {} : { kubeconfig: file }),
      ...(context === undefined ? {} : { context }),
    });
    return { text: await readPod(server, namespace, name) };
  } catch (error) {
    if (error instanceof KubeConfigError || error instanceof PodReadError) return { problem: error.message };
    throw error;
  }
}

/** Where kubectl looks. Errors: KubeConfigError for several files, which kubectl merges. */
async function usualKubeConfig(
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  const [file, ...more] = (env['KUBECONFIG'] ?? '').split(delimiter).filter((name) => name !== '');
  if (more.length > 0)
    throw new KubeConfigError('KUBECONFIG names several files; give one with --kubeconfig FILE');
  if (file !== undefined) return file;
  const usual = join(env['HOME'] ?? homedir(), '.kube', 'config');
  const isThere = await access(usual).then(
    () => true,
    () => false,
  );
  return isThere ? usual : undefined;
}
