import type { EngineConfig } from './engine-config.ts';
import type { PlannedExporter } from './planned-exporter.ts';
import { sha256 } from './hash.ts';
import { containerResources } from './exporter-resources.ts';
import type { Container, EnvVar, Pod, ResourceRequirements, Volume, VolumeMount } from './kubernetes.ts';
import { imageName, own } from './pod.ts';
import { metricsPortName, takenPortNames } from './ports.ts';
import { parseQuantity } from './quantity.ts';
import { hasSidecarShape, restricted, VOLUMES } from './sidecar-shape.ts';
import { filled, literal } from './text.ts';

/** The exporter's container and what it needs in the Pod. */

const TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
/** The Pod with the exporter, and the names of what it got. */
export interface SidecarAdded {
  readonly pod: Pod;
  readonly container: string;
  readonly volumes: readonly string[];
  readonly annotations: readonly string[];
}

/** Appends the exporter as a regular container or, for Pods that are to end, as a native sidecar. */
export function addSidecar(
  pod: Pod,
  planned: PlannedExporter,
  native: boolean,
  config: EngineConfig,
): SidecarAdded {
  const volumes: Volume[] = [];
  const mounts: VolumeMount[] = [];
  let annotations = pod.metadata?.annotations ?? {};
  const added: string[] = [];

  const { mapping } = planned.exporter;
  const mountsMapping = planned.mapping !== undefined && mapping !== undefined;
  if (mountsMapping) {
    const key = mappingKey(pod, planned.mapping ?? '', config.annotationPrefix);
    if (own(annotations, key) === undefined) {
      annotations = { ...annotations, [key]: planned.mapping ?? '' };
      added.push(key);
    }
    const volume = {
      name: freeVolumeName(pod, VOLUMES.mapping),
      ...mappingSource(
        `metadata.annotations['${key}']`,
        mappingFile(planned),
        planned.mappingConfigMap?.name,
      ),
    };
    volumes.push(volume);
    mounts.push({ name: volume.name, mountPath: mapping.directory, readOnly: true });
  }
  // The ServiceAccount plugin runs again after us and would mount the Pod's token here too, unless the path is taken
  // (plugin/pkg/admission/serviceaccount). A downwardAPI volume without items is empty and allowed everywhere.
  if (pod.spec.automountServiceAccountToken !== false) {
    // Several exporters share one.
    const shared = (pod.spec.volumes ?? []).find(isEmptyOfOurs);
    const volume = shared ?? { name: freeVolumeName(pod, VOLUMES.token), downwardAPI: {} };
    if (shared === undefined) volumes.push(volume);
    mounts.push({ name: volume.name, mountPath: TOKEN_PATH, readOnly: true });
  }

  const container = exporterContainer(pod, planned, { native, mounts, mapped: mountsMapping }, config);
  const list = native ? 'initContainers' : 'containers';
  const spec = {
    ...pod.spec,
    [list]: [...(pod.spec[list] ?? []), container],
    ...(volumes.length === 0 ? {} : { volumes: [...(pod.spec.volumes ?? []), ...volumes] }),
  };
  return {
    pod: { ...pod, ...(added.length === 0 ? {} : { metadata: { ...pod.metadata, annotations } }), spec },
    container: container.name,
    volumes: volumes.map((volume) => volume.name),
    annotations: added,
  };
}

/** The file's name below the exporter's mapping directory. */
function mappingFile({ exporter, mappingConfigMap }: PlannedExporter): string {
  return mappingConfigMap?.key ?? exporter.mapping?.file ?? '';
}

/**
 * An annotation as a file; a ConfigMap's file of that name takes its place. The ConfigMap is optional and without
 * items: it may be missing, and with items the apiserver sees two sources for one path.
 */
function mappingSource(fieldPath: string, path: string, configMap: string | undefined): object {
  const downwardAPI = { items: [{ path, fieldRef: { fieldPath } }] };
  if (configMap === undefined) return { downwardAPI };
  return { projected: { sources: [{ downwardAPI }, { configMap: { name: configMap, optional: true } }] } };
}

/** Not the request's key, or a second pass would read it as the owner's; another one where the owner took it. */
function mappingKey(pod: Pod, mapping: string, prefix: string): string {
  const key = `${prefix}/mapping`;
  const present = own(pod.metadata?.annotations, key);
  return present === undefined || present === mapping ? key : `${key}-${sha256(mapping, 8)}`;
}

function isEmptyOfOurs({ name, downwardAPI, ...other }: Volume): boolean {
  const isEmpty =
    typeof downwardAPI === 'object' && downwardAPI !== null && Object.keys(downwardAPI).length === 0;
  return name.startsWith(VOLUMES.token) && isEmpty && Object.keys(other).length === 0;
}

function freeVolumeName(pod: Pod, name: string): string {
  const taken = new Set((pod.spec.volumes ?? []).map((volume) => volume.name));
  if (!taken.has(name)) return name;
  for (let number = 2; ; number++) {
    if (!taken.has(`${name}-${number}`)) return `${name}-${number}`;
  }
}

/** The exporter's own arguments, those of the profiles, each once, those of its connection; the mapping's last. */
function exporterArgs(planned: PlannedExporter, mapped: boolean): readonly string[] {
  const { args, mapping } = planned.exporter;
  const further = planned.profiles.flatMap(({ exporter }) => exporter?.args ?? []);
  const standing = new Set(args);
  const added = new Set(further.filter((arg) => !standing.has(arg)));
  const all = [...args, ...added, ...planned.connected.args];
  const told = all.map((arg) => fill(arg, planned));
  return mapped && mapping !== undefined
    ? [...told, filled(mapping.arg, { '{file}': `${mapping.directory}/${mappingFile(planned)}` })]
    : told;
}

function fill(text: string, { port, ingest, connected }: PlannedExporter): string {
  return filled(text, {
    '{port}': String(port),
    '{ingest}': String(ingest ?? ''),
    '{address}': literal(connected.address ?? ''),
  });
}

/**
 * Its variables, those of the connection, and its memory bound. A Secret is referred to, never read or copied, and is
 * optional: one that is missing would keep the container from being made, and the Pod from becoming ready.
 */
function exporterEnv(
  planned: PlannedExporter,
  resources: ResourceRequirements | undefined,
): readonly EnvVar[] {
  const { exporter, connected } = planned;
  const { secret } = connected;
  const env = [...(exporter.env ?? []), ...connected.env].flatMap((variable): readonly EnvVar[] => {
    const { name } = variable;
    if ('value' in variable) return [{ name, value: fill(variable.value, planned) }];
    if (secret === undefined) return [];
    const secretKeyRef = { name: secret.name, key: secret.key, optional: true };
    return [{ name, valueFrom: { secretKeyRef } }];
  });
  return exporter.go ? [...env, ...memoryBound(own(resources?.limits, 'memory'))] : env;
}

/**
 * Whether the exporter that is already there is podscrape's own, from an earlier pass. After a change of the
 * configuration one that the record names is so by its shape.
 */
export function isOurs(planned: PlannedExporter): boolean {
  return isOfToday(planned) || isOfEarlier(planned);
}

/** Our name, our image under any registry, all of our arguments: another webhook may have added a flag since. */
function isOfToday(planned: PlannedExporter): boolean {
  const { existing, exporter } = planned;
  if (existing === undefined || existing.container.name !== exporter.name) return false;
  if (imageName(existing.container.image) !== imageName(exporter.image)) return false;
  const args = existing.container.args ?? [];
  return exporterArgs(planned, planned.mapping !== undefined).every((arg) => args.includes(arg));
}

/** Whether another configuration or release made it; it stays as it is, and so does what is recorded of it. */
export function isOfEarlier(planned: PlannedExporter): boolean {
  const { existing, exporter, isRecorded } = planned;
  if (existing === undefined || isRecorded !== true || isOfToday(planned)) return false;
  return existing.container.name === exporter.name && hasSidecarShape(existing.container);
}

interface ContainerNeeds {
  readonly native: boolean;
  readonly mounts: readonly VolumeMount[];
  readonly mapped: boolean;
}

function exporterContainer(
  pod: Pod,
  planned: PlannedExporter,
  needs: ContainerNeeds,
  config: EngineConfig,
): Container {
  const { exporter } = planned;
  const resources = containerResources(pod, planned.resources);
  const env = exporterEnv(planned, resources);
  const name = metricsPortName(exporter.name, planned.port, takenPortNames(pod));
  return {
    name: exporter.name,
    image: exporter.image,
    imagePullPolicy: 'IfNotPresent',
    ...(needs.native ? { restartPolicy: 'Always' } : {}),
    args: exporterArgs(planned, needs.mapped),
    ports: [{ name, containerPort: planned.port, protocol: 'TCP' }],
    ...(env.length === 0 ? {} : { env }),
    ...(resources === undefined ? {} : { resources }),
    ...(needs.mounts.length === 0 ? {} : { volumeMounts: needs.mounts }),
    // A numeric user, or the kubelet cannot check runAsNonRoot.
    securityContext: restricted(config.openshift ? undefined : exporter.runAsUser),
  };
}

/** Go's soft memory limit, a tenth below the container's, so that the collector works before the kernel kills. */
function memoryBound(limit: string | number | undefined): readonly EnvVar[] {
  const bytes = limit === undefined ? undefined : parseQuantity(String(limit));
  const mebibytes = bytes === undefined ? 0 : Math.floor((bytes * 0.9) / 2 ** 20);
  return mebibytes < 1 ? [] : [{ name: 'GOMEMLIMIT', value: `${mebibytes}MiB` }];
}
