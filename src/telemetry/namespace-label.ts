/** More namespaces than this share one value: each is a set of series in every Prometheus. */
export const NAMESPACE_VALUES = 1000;

/** What stands for the namespaces that came too late. */
const OTHER_NAMESPACES = 'other';

/** Who reaches the webhook past the API server can send any text of any length, and would have it kept here. */
const NAME = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

/** Gives each namespace its label's value: its name for the first thousand, `other` for those after them. */
export function createNamespaceLabel(): (namespace: string) => string {
  const known = new Set<string>();
  return (namespace) => {
    if (known.has(namespace)) return namespace;
    if (known.size >= NAMESPACE_VALUES || !NAME.test(namespace)) return OTHER_NAMESPACES;
    known.add(namespace);
    return namespace;
  };
}
