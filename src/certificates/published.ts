import type { PatchOperation } from '../kube/objects.ts';
import { bundleEntries } from './bundle.ts';

/** A webhook configuration that podscrape's authority belongs into. */
export interface Target {
  /** Plural, as in paths and RBAC. */
  readonly resource: 'mutatingwebhookconfigurations' | 'validatingwebhookconfigurations';
  readonly name: string;
}

/** What of a webhook configuration matters here. */
export interface Seen {
  readonly version: string;
  readonly entries: readonly { readonly name: string; readonly caBundle: string }[];
  /** The annotation by which cert-manager's ca-injector is told to write the bundle. */
  readonly injectedBy?: string;
}

/** Of all of them. */
export const API_VERSION = 'admissionregistration.k8s.io/v1';

interface RawConfiguration {
  readonly metadata: {
    readonly resourceVersion?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly webhooks?: readonly {
    readonly name: string;
    readonly clientConfig?: { readonly caBundle?: string };
  }[];
}

/** cert-manager `cmd/cainjector`: inject-ca-from, inject-ca-from-secret and inject-apiserver-ca. */
const INJECTOR = /^cert-manager\.io\/inject-(ca-from(-secret)?|apiserver-ca)$/;

export function readConfiguration(object: RawConfiguration): Seen {
  const { resourceVersion = '', annotations = {} } = object.metadata;
  const injectedBy = Object.keys(annotations).find((key) => INJECTOR.test(key));
  return {
    version: resourceVersion,
    entries: (object.webhooks ?? []).map(({ name, clientConfig }) => ({
      name,
      caBundle: clientConfig?.caBundle ?? '',
    })),
    ...(injectedBy !== undefined && { injectedBy }),
  };
}

/** Whether every entry has the bundle, just so; it is PEM here and base64 there. */
export function isPublished(seen: Seen, bundle: string): boolean {
  const wanted = Buffer.from(bundle).toString('base64');
  return seen.entries.every(({ caBundle }) => caBundle === wanted);
}

/** Whether every entry trusts all of the bundle, and perhaps more. */
export function isTrusted(seen: Seen, bundle: string): boolean {
  const wanted = bundleEntries(bundle).map(({ id }) => id);
  return seen.entries.every(({ caBundle }) => {
    const there = new Set(bundleEntries(Buffer.from(caBundle, 'base64').toString()).map(({ id }) => id));
    return wanted.every((id) => there.has(id));
  });
}

/**
 * Sets the bundle of each entry, and nothing else, in the configuration as it was seen.
 *
 * Not server-side apply: it would make us owner of the entries as such. When whoever made them applies the configuration
 * without one of them, what is ours would stay behind, an entry with a bundle and nothing else, and the API server would
 * refuse that apply (422, seen on 1.36.3). A patch owns the bundle, and lets its entry go.
 */
export function bundlePatch(seen: Seen, bundle: string): readonly PatchOperation[] {
  const value = Buffer.from(bundle).toString('base64');
  return [
    { op: 'replace', path: '/metadata/resourceVersion', value: seen.version },
    ...seen.entries.map((_, index): PatchOperation => {
      return { op: 'add', path: `/webhooks/${index}/clientConfig/caBundle`, value };
    }),
  ];
}
