import type { Container, ContainerPort } from './kubernetes.ts';
import { isMetricsPortName, isTcp } from './pod.ts';
import { isSame } from './pointer.ts';

/** What every sidecar of podscrape's has, of whatever release and configuration. */

const TOKEN_VOLUME = 'podscrape-no-token';
const MAPPING_VOLUME = 'podscrape-mapping';

/** The names of the volumes that podscrape gives; a number follows where one is taken. */
export const VOLUMES = { token: TOKEN_VOLUME, mapping: MAPPING_VOLUME } as const;

/** Whether a volume's name is one that podscrape gives. */
export function isOurVolume(name: string): boolean {
  return name.startsWith(TOKEN_VOLUME) || name.startsWith(MAPPING_VOLUME);
}

/** Pod Security `restricted`. */
export function restricted(runAsUser: number | undefined): object {
  return {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    readOnlyRootFilesystem: true,
    runAsNonRoot: true,
    ...(runAsUser === undefined ? {} : { runAsUser }),
    seccompProfile: { type: 'RuntimeDefault' },
  };
}

/** The fields that podscrape writes, and those that the apiserver fills in. */
const FIELDS: ReadonlySet<string> = new Set([
  ...['name', 'image', 'imagePullPolicy', 'restartPolicy', 'args', 'ports', 'env', 'resources'],
  ...['volumeMounts', 'securityContext', 'resizePolicy'],
  ...['terminationMessagePath', 'terminationMessagePolicy'],
]);

/**
 * Whether a container can be a sidecar of podscrape's, made by whatever configuration. Nothing is taken for ours by
 * this alone: a record has to name the container too.
 */
export function hasSidecarShape(container: Container): boolean {
  const written = Object.entries(container).filter(([, value]) => (value ?? undefined) !== undefined);
  const { imagePullPolicy, restartPolicy, ports, volumeMounts } = container;
  return (
    written.every(([field]) => FIELDS.has(field)) &&
    imagePullPolicy === 'IfNotPresent' &&
    (restartPolicy ?? 'Always') === 'Always' &&
    isMetricsPort(ports ?? []) &&
    (volumeMounts ?? []).every(({ name }) => isOurVolume(name)) &&
    isRestricted(container.securityContext)
  );
}

function isMetricsPort([port, ...more]: readonly ContainerPort[]): boolean {
  return port !== undefined && more.length === 0 && isTcp(port) && isMetricsPortName(port.name);
}

function isRestricted(context: unknown): boolean {
  if (typeof context !== 'object' || context === null) return false;
  const user = 'runAsUser' in context ? context.runAsUser : undefined;
  return (user === undefined || typeof user === 'number') && isSame(context, restricted(user));
}
