import {
  chmodSync,
  chownSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

import { fieldOf, resourceOf } from './environment.ts';
import type { Surroundings } from './environment.ts';
import type { Objects } from './objects.ts';
import { Waiting } from './types.ts';
import type { Container, DownwardItem, ObjectSource, Pod, ProjectedSource, Volume } from './types.ts';

/** Whether a volume's files are the API server's: bound read-only, and written anew when they change. */
export function isMirrored(volume: Volume): boolean {
  return [volume.configMap, volume.secret, volume.downwardAPI, volume.projected].some(
    (source) => source !== undefined,
  );
}

/** Whether a volume changes with objects other than the Pod; the cluster's CA, which all Pods mount, never does. */
export function followsObjects(volume: Volume): boolean {
  const projected = (volume.projected?.sources ?? []).some(
    ({ secret, configMap }) =>
      secret !== undefined || (configMap !== undefined && configMap.name !== 'kube-root-ca.crt'),
  );
  return volume.configMap !== undefined || volume.secret !== undefined || projected;
}

/** The folder on the host that a volume is, below the Pod's own folder. */
export function volumePath(podFolder: string, volume: Volume): string {
  return volume.hostPath?.path ?? join(podFolder, 'volumes', volume.name);
}

interface File {
  readonly content: Buffer;
  readonly mode: number;
}

/**
 * Makes a volume, or brings it up to date.
 * Errors: an object or key that is missing and not optional, or a kind of volume that is not supported.
 */
export async function writeVolume(
  podFolder: string,
  pod: Pod,
  volume: Volume,
  around: Surroundings,
  objects: Objects,
): Promise<void> {
  if (volume.hostPath !== undefined) return;
  const folder = volumePath(podFolder, volume);
  const group = pod.spec.securityContext?.fsGroup;
  if (volume.emptyDir !== undefined) {
    mkdirSync(folder, { recursive: true });
    if (group !== undefined) chownSync(folder, 0, group);
    chmodSync(folder, group === undefined ? 0o777 : 0o2777);
    return;
  }
  if (!isMirrored(volume)) {
    const kind = Object.keys(volume).find((key) => key !== 'name') ?? 'none';
    throw new Waiting(
      'ContainerCreating',
      `volume ${volume.name}: ${kind} is not supported by the tests' kubelet`,
    );
  }
  const { configMap, secret, downwardAPI, projected } = volume;
  const sources: readonly ProjectedSource[] = projected?.sources ?? [
    {
      ...(configMap && { configMap }),
      ...(secret && { secret: { ...secret, name: secret.secretName } }),
      ...(downwardAPI && { downwardAPI }),
    },
  ];
  const mode =
    configMap?.defaultMode ??
    secret?.defaultMode ??
    downwardAPI?.defaultMode ??
    projected?.defaultMode ??
    0o644;
  const files = new Map<string, File>();
  for (const source of sources) {
    // Later sources override earlier ones.
    for (const [path, file] of await filesOf(source, { pod, around, objects, mode })) files.set(path, file);
  }
  writeFiles(folder, files, group);
}

interface Context {
  readonly pod: Pod;
  readonly around: Surroundings;
  readonly objects: Objects;
  readonly mode: number;
}

async function filesOf(source: ProjectedSource, context: Context): Promise<readonly [string, File][]> {
  const { pod, objects, mode } = context;
  const { secret, configMap, downwardAPI, serviceAccountToken } = source;
  if (secret !== undefined) return objectFiles('Secret', secret.name, secret, context);
  if (configMap !== undefined) return objectFiles('ConfigMap', configMap.name, configMap, context);
  if (serviceAccountToken !== undefined) {
    const { path, audience, expirationSeconds = 3600 } = serviceAccountToken;
    const token = await objects.token(pod, audience, expirationSeconds);
    return [[path, { content: Buffer.from(token), mode }]];
  }
  return (downwardAPI?.items ?? []).map((item) => [
    item.path,
    { content: Buffer.from(downwardValue(item, context)), mode: item.mode ?? mode },
  ]);
}

function downwardValue({ fieldRef, resourceFieldRef }: DownwardItem, { pod, around }: Context): string {
  if (fieldRef !== undefined) return fieldOf(pod, fieldRef, around);
  const [first] = pod.spec.containers as [Container];
  return resourceFieldRef === undefined ? '' : resourceOf(pod, first, resourceFieldRef);
}

async function objectFiles(
  kind: 'ConfigMap' | 'Secret',
  name: string,
  { items, optional = false }: ObjectSource,
  { pod, objects, mode }: Context,
): Promise<readonly [string, File][]> {
  const data = await objects.data(kind, pod.metadata.namespace, name);
  if (data === undefined && !optional)
    throw new Waiting('ContainerCreating', `${kind.toLowerCase()} "${name}" not found`);
  if (items === undefined)
    return Object.entries(data ?? {}).map(([key, content]) => [key, { content, mode }]);
  return items.flatMap(({ key, path, mode: own }): [string, File][] => {
    const content = data?.[key];
    if (content !== undefined) return [[path, { content, mode: own ?? mode }]];
    if (optional) return [];
    throw new Waiting('ContainerCreating', `references non-existent ${kind.toLowerCase()} key: ${key}`);
  });
}

/**
 * Puts the files where containers see all of them change at once, as the kubelet does: `..data` is a link to the folder
 * that holds them, and the top entries are links through it.
 */
function writeFiles(folder: string, files: ReadonlyMap<string, File>, group: number | undefined): void {
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o755);
  const current = currentFolder(folder);
  if (current !== undefined && isSame(join(folder, current), files)) return;
  const next = `..${process.hrtime.bigint()}`;
  mkdirSync(join(folder, next), { mode: 0o755 });
  for (const [path, { content, mode }] of files) {
    const file = join(folder, next, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    if (group !== undefined) chownSync(file, 0, group);
    chmodSync(file, group === undefined ? mode : mode | 0o040);
  }
  symlinkSync(next, join(folder, '..data_tmp'));
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
  const tops = new Set(Array.from(files.keys(), (path) => path.split('/')[0] ?? path));
  const there = readdirSync(folder).filter((name) => !name.startsWith('..'));
  for (const name of there) if (!tops.has(name)) rmSync(join(folder, name));
  for (const name of tops) if (!there.includes(name)) symlinkSync(`..data/${name}`, join(folder, name));
  if (current !== undefined) rmSync(join(folder, current), { recursive: true });
}

function currentFolder(folder: string): string | undefined {
  try {
    return readlinkSync(join(folder, '..data'));
  } catch {
    return undefined;
  }
}

function isSame(folder: string, files: ReadonlyMap<string, File>): boolean {
  const there = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return (
    there.length === files.size &&
    Array.from(files).every(([path, { content }]) => {
      try {
        return readFileSync(join(folder, path)).equals(content);
      } catch {
        return false;
      }
    })
  );
}
