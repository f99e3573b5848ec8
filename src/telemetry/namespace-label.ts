/** More namespaces than this share one value: each is a set of series in every Prometheus. */
export const NAMESPACE_VALUES = 1000;

/** What stands for the namespaces that came too late. */
export const OTHER_NAMESPACES = 'other';

/** Gives each namespace its label's value: its name for the first thousand, `other` for those after them. */
export function createNamespaceLabel(): (namespace: string) => string {
  const known = new Set<string>();
  return (namespace) => {
    if (known.has(namespace)) return namespace;
    if (known.size >= NAMESPACE_VALUES) return OTHER_NAMESPACES;
    known.add(namespace);
    return namespace;
  };
}
