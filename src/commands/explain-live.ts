import { KubeConfigError, loadKubeConfig, usualKubeConfig } from '../kube/config.ts';
import { PodReadError, readPod } from '../kube/pods.ts';

export interface LivePodOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  /** That of the kubeconfig's context when left out, as kubectl has it. */
  readonly namespace?: string;
  /** The process's own when left out. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A Pod of the cluster as JSON, or why there is none, in words. */
export async function livePod(
  name: string,
  { namespace, context, kubeconfig, env = process.env }: LivePodOptions,
): Promise<{ readonly text: string } | { readonly problem: string }> {
  try {
    const file = kubeconfig ?? (await usualKubeConfig(env));
    const server = await loadKubeConfig({
      env,
      ...(file === undefined ? {} : { kubeconfig: file }),
      ...(context === undefined ? {} : { context }),
    });
    return { text: await readPod(server, namespace ?? server.namespace ?? 'default', name) };
  } catch (error) {
    if (error instanceof KubeConfigError || error instanceof PodReadError) return { problem: error.message };
    throw error;
  }
}
