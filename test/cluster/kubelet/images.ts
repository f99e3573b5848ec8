import { readFileSync } from 'node:fs';

import { Waiting } from './types.ts';
import type { Container, Pod } from './types.ts';

/** How the containers of an image are run: what its registry would hold. */
export interface ImageEntry {
  /** Absolute path of a real binary, and fixed arguments. `command` replaces all of it, `args` follow it. */
  readonly entrypoint: readonly string[];
  /** ENV of the image. */
  readonly env?: Readonly<Record<string, string>>;
  readonly workingDir?: string;
  /** USER of the image: a number, `number:number`, or a name of the host's /etc/passwd such as `nobody`. */
  readonly user?: number | string;
  /** Files that the image holds: bound read-only. */
  readonly binds?: readonly { readonly from: string; readonly to: string }[];
}

/** The entry for a reference: as it is written, without its digest, or without its tag. */
export function findImage(
  images: Readonly<Record<string, ImageEntry>>,
  reference: string,
): ImageEntry | undefined {
  const undigested = reference.replace(/@.*$/, '');
  const untagged = undigested.replace(/:[^/:]*$/, '');
  return images[reference] ?? images[undigested] ?? images[untagged];
}

/** Whom a container runs as. */
export interface User {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
}

/**
 * The user of a container, from its security context, the Pod's and the image.
 * Errors: `CreateContainerConfigError` where `runAsNonRoot` forbids it, in the words of the kubelet.
 */
export function userOf(pod: Pod, container: Container, entry: ImageEntry): User {
  const own = container.securityContext ?? {};
  const shared = pod.spec.securityContext ?? {};
  const asked = own.runAsUser ?? shared.runAsUser;
  const [imageUser = '0', imageGroup] = String(entry.user ?? 0).split(':');
  const nonRoot = own.runAsNonRoot ?? shared.runAsNonRoot ?? false;
  const { name, namespace, uid } = pod.metadata;
  const which = `(pod: "${name}_${namespace}(${uid})", container: ${container.name})`;
  const refuse = (why: string): never => {
    throw new Waiting('CreateContainerConfigError', `${why} ${which}`);
  };
  if (nonRoot && asked === 0) refuse("container's runAsUser breaks non-root policy");
  if (nonRoot && asked === undefined) {
    if (!/^\d+$/.test(imageUser))
      refuse(
        `container has runAsNonRoot and image has non-numeric user (${imageUser}), cannot verify user is non-root`,
      );
    if (Number(imageUser) === 0) refuse('container has runAsNonRoot and image will run as root');
  }
  const known = account(asked === undefined ? imageUser : String(asked));
  const ownGroup = asked === undefined ? imageGroup : undefined;
  return {
    uid: known.uid,
    gid: own.runAsGroup ?? shared.runAsGroup ?? (ownGroup === undefined ? known.gid : Number(ownGroup)),
    groups: [...(shared.supplementalGroups ?? []), ...(shared.fsGroup === undefined ? [] : [shared.fsGroup])],
  };
}

/** A line of /etc/passwd by name or number; an unknown number has the group 0, as container runtimes have it. */
function account(user: string): { readonly uid: number; readonly gid: number } {
  for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
    const [name, , uid, gid] = line.split(':');
    if (user === name || user === uid) return { uid: Number(uid), gid: Number(gid) };
  }
  if (/^\d+$/.test(user)) return { uid: Number(user), gid: 0 };
  throw new Waiting(
    'CreateContainerError',
    `unable to find user ${user}: no matching entries in passwd file`,
  );
}
