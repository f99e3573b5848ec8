/** Results kept of one function: a Deployment's Pods all bring the same texts. */
const KEPT = 16;

/**
 * A pure function of a text that keeps its latest results, the oldest leaving first. What it returns is shared, and not
 * to be written to. Texts and results are bounded by the function's own limits.
 */
export function memo<T>(of: (text: string) => T): (text: string) => T {
  const kept = new Map<string, T>();
  return (text) => {
    const known = kept.get(text);
    if (known !== undefined) return known;
    const result = of(text);
    const [oldest] = kept.keys();
    if (kept.size >= KEPT && oldest !== undefined) kept.delete(oldest);
    kept.set(text, result);
    return result;
  };
}
