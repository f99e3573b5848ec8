import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';

import { environmentOf, expand } from './environment.ts';
import type { Surroundings } from './environment.ts';
import { findImage, userOf } from './images.ts';
import type { ImageEntry } from './images.ts';
import type { Sandbox } from './network.ts';
import type { Shared } from './shared.ts';
import { ContainerProcess } from './process.ts';
import type { Mount } from './root-script.ts';
import { Waiting } from './types.ts';
import type { Container, Pod } from './types.ts';
import { isMirrored, volumePath } from './volumes.ts';

/** What a container's start depends on beside its own definition. */
export interface LaunchContext {
  readonly shared: Shared;
  readonly pod: Pod;
  /** The Pod's own. */
  readonly folder: string;
  readonly logFile: string;
  readonly sandbox: Sandbox | undefined;
  readonly hostname: string;
  readonly around: Surroundings;
}

/** Starts a container's process. Errors: `Waiting` with the kubelet's reason. */
export async function launch(container: Container, context: LaunchContext): Promise<ContainerProcess> {
  const { shared, pod, folder, around } = context;
  const entry = findImage(shared.images, container.image);
  if (entry === undefined) {
    const known = Object.keys(shared.images).join(', ');
    throw new Waiting(
      container.imagePullPolicy === 'Never' ? 'ErrImageNeverPull' : 'ErrImagePull',
      `image "${container.image}" is not known to the tests' kubelet, which knows ${known || 'none'}`,
    );
  }
  if (context.sandbox === undefined) throw new Waiting('CreateContainerError', 'the Pod has no sandbox');
  const known = await environmentOf(pod, container, around, shared.objects);
  const words = (list: readonly string[] = []): string[] => list.map((word) => expand(word, known));
  const fixed = container.command === undefined ? entry.entrypoint : words(container.command);
  const own = join(folder, 'containers', container.name);
  mkdirSync(own, { recursive: true });
  return ContainerProcess.start({
    name: `${pod.metadata.namespace}/${pod.metadata.name}/${container.name}`,
    folder: own,
    logFile: context.logFile,
    sandboxPid: context.sandbox.process.pid,
    user: userOf(pod, container, entry),
    securityContext: container.securityContext ?? {},
    env: { ...entry.env, ...known },
    command: [...fixed, ...words(container.args)],
    root: {
      binds: entry.binds ?? [],
      mounts: mountsOf(pod, container, folder, known),
      readOnlyRoot: container.securityContext?.readOnlyRootFilesystem === true,
      open: pathsOf(entry),
      hosts: hostsFile(pod, context),
      hostname: context.hostname,
      workingDir: container.workingDir ?? entry.workingDir ?? '/',
    },
  });
}

/** The host's paths that an image names: its entry point, its working directory, and those of its variables. */
function pathsOf({ entrypoint, env = {}, workingDir = '/' }: ImageEntry): readonly string[] {
  const words = [...entrypoint, workingDir, ...Object.values(env).flatMap((value) => value.split(':'))];
  return [...new Set(words)].filter((word) => word.startsWith('/') && existsSync(word));
}

function mountsOf(
  pod: Pod,
  container: Container,
  folder: string,
  known: Readonly<Record<string, string>>,
): readonly Mount[] {
  return (container.volumeMounts ?? []).map(({ name, mountPath, readOnly = false, subPath, subPathExpr }) => {
    const volume = pod.spec.volumes?.find((one) => one.name === name);
    if (volume === undefined) throw new Waiting('CreateContainerConfigError', `no volume ${name}`);
    const below = subPathExpr === undefined ? (subPath ?? '') : expand(subPathExpr, known);
    const source = join(volumePath(folder, volume), below);
    // As the kubelet does; in a volume of files from the API server there is nothing to make.
    if (volume.emptyDir !== undefined) mkdirSync(source, { recursive: true });
    if (!existsSync(source))
      throw new Waiting('CreateContainerConfigError', `failed to prepare subPath for volumeMount "${name}"`);
    // The host's own folders are never written to.
    const closed = readOnly || isMirrored(volume) || volume.hostPath !== undefined;
    return { source: realpathSync(source), target: mountPath, readOnly: closed };
  });
}

/** As the kubelet writes it. */
function hostsFile({ spec }: Pod, { around, hostname }: LaunchContext): string {
  return [
    '# Kubernetes-managed hosts file.',
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    ...around.podIPs.map((ip) => `${ip}\t${hostname}`),
    ...(spec.hostAliases ?? []).map(({ ip, hostnames = [] }) => [ip, ...hostnames].join('\t')),
    '',
  ].join('\n');
}
