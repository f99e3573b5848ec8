import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import fastJsonPatch from 'fast-json-patch';

import type { KubeObject } from './client.ts';
import type { ControlPlane } from './control-plane.ts';

/**
 * What GitOps tools do to a cluster, as far as a webhook can see: how they apply, and how they tell that what runs is
 * not what Git says. The tools themselves are not run; every request and every merge is the real one.
 */

/** An object as Git has it, and as the API server answers. */
export type Manifest = KubeObject & Readonly<Record<string, unknown>>;

/** A tool, with what it has of Git. */
export interface Reconciler {
  readonly how: string;
  /** One turn. */
  readonly sync: (plane: ControlPlane, git: readonly Manifest[]) => Promise<void>;
  /** What it calls out of sync, each as `Kind/name /pointer`. */
  readonly diff: (plane: ControlPlane, git: readonly Manifest[]) => Promise<readonly string[]>;
}

/** `ServerSideApply=true` with `ServerSideDiff=true`, as Argo CD does it: every turn applies. */
const argoServerSide: Reconciler = {
  how: 'argo-server-side',
  sync: async (plane, git) => {
    for (const object of git) await apply(plane, object, 'argocd-controller');
  },
  // The whole answer, what webhooks did too (IncludeMutationWebhook=true): by default it looks at less.
  diff: (plane, git) =>
    each(git, async (object) => {
      const live = await liveOf(plane, object);
      return differences(live, await apply(plane, object, 'argocd-controller', 'dryRun=All&'));
    }),
};

/** Argo CD without further settings: `kubectl apply`, and a three-way merge of its own, which no webhook sees. */
export const argoClassic: Reconciler = {
  how: 'argo-classic',
  sync: async (plane, git) => {
    await plane.kubectl(['apply', '-f', '-'], { stdin: list(git) });
  },
  diff: threeWay,
};

/** kustomize-controller: a dry run first, and only what has drifted is applied (fluxcd/pkg, `ssa/manager_diff.go`). */
export const flux: Reconciler = {
  how: 'flux',
  sync: async (plane, git) => {
    for (const object of git) {
      if ((await drift(plane, object)).length > 0) await apply(plane, object, 'kustomize-controller');
    }
  },
  diff: (plane, git) => each(git, (object) => drift(plane, object)),
};

export const RECONCILERS: readonly Reconciler[] = [argoServerSide, argoClassic, flux];

/** Labels, annotations, and all that is neither metadata nor status. */
async function drift(plane: ControlPlane, object: Manifest): Promise<readonly string[]> {
  const compared = ({ metadata, ...rest }: Manifest): object => ({
    ...rest,
    status: undefined,
    labels: metadata?.labels,
    annotations: metadata?.annotations,
  });
  const live = await liveOf(plane, object);
  const predicted = await apply(plane, object, 'kustomize-controller', 'dryRun=All&');
  if (live === undefined) return ['/'];
  return fastJsonPatch.compare(compared(live), compared(predicted)).map(({ path }) => path);
}

/** A PATCH in kubectl's log at level 9: its body, and where it goes. */
const PATCHED = /"Request Body" body=("\{(?:[^"\\]|\\.)*")\n.*\n.* -XPATCH .* 'https:\/\/[^/]+([^?']+)\?/g;

/**
 * Where the live objects would not be what they are with the difference of last-applied annotation, Git and live object,
 * which kubectl works out, merged into them by kubectl, without the API server.
 */
async function threeWay(plane: ControlPlane, git: readonly Manifest[]): Promise<readonly string[]> {
  const args = ['apply', '--dry-run=server', '-v=9', '-f', '-'];
  const { stderr } = await plane.kubectl(args, { stdin: list(git) });
  // Where nothing is to be changed, kubectl sends nothing.
  const patches = new Map([...stderr.matchAll(PATCHED)].map(([, body = '', path = '']) => [path, body]));
  return each(git, async (object) => {
    const live = await liveOf(plane, object);
    const body = patches.get(pathTo(object));
    if (live === undefined || body === undefined) return live === undefined ? ['/'] : [];
    const file = join(plane.dataDir, `${object.kind}-${object.metadata?.name}.json`);
    writeFileSync(file, JSON.stringify(live));
    const patch = JSON.parse(body) as string;
    const how = ['--local', '--type=strategic', '-o', 'json', '-p', patch];
    const { stdout } = await plane.kubectl(['patch', '-f', file, ...how]);
    return differences(live, JSON.parse(stdout) as Manifest);
  });
}

/** Server-side apply by a manager that takes over what others own. Errors: the API server refuses. */
export async function apply(
  plane: ControlPlane,
  object: Manifest,
  manager: string,
  query = '',
): Promise<Manifest> {
  const path = `${pathTo(object)}?${query}fieldManager=${manager}&force=true`;
  const options = { contentType: 'application/apply-patch+yaml' };
  const { status, body } = await plane.request<Manifest>('PATCH', path, object, options);
  if (status !== 200 && status !== 201) throw new Error(`${path}: ${body.message}`);
  return body;
}

/** As it stands in the cluster. */
export async function liveOf(plane: ControlPlane, object: Manifest): Promise<Manifest | undefined> {
  const { status, body } = await plane.request<Manifest>('GET', pathTo(object));
  return status === 200 ? body : undefined;
}

function pathTo({ apiVersion = '', kind = '', metadata }: Manifest): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const namespace = metadata?.namespace === undefined ? '' : `/namespaces/${metadata.namespace}`;
  return `${root}${namespace}/${kind.toLowerCase()}s/${metadata?.name}`;
}

export function nameOf({ kind, metadata }: KubeObject): string {
  return `${kind}/${metadata?.name}`;
}

function differences(live: Manifest | undefined, predicted: Manifest | undefined): readonly string[] {
  if (live === undefined || predicted === undefined) return ['/'];
  return fastJsonPatch.compare(withoutManagers(live), withoutManagers(predicted)).map(({ path }) => path);
}

function withoutManagers({ metadata, ...rest }: Manifest): object {
  return { ...rest, metadata: { ...metadata, managedFields: undefined } };
}

async function each(
  git: readonly Manifest[],
  diff: (object: Manifest) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const all = await Promise.all(
    git.map(async (object) => (await diff(object)).map((path) => `${nameOf(object)} ${path}`)),
  );
  return all.flat();
}

function list(items: readonly Manifest[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
}
