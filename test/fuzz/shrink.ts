/** As many attempts as are made; each is one admission. */
const ATTEMPTS = 3_000;

/**
 * The body with all taken out that the fault does not need: members, entries, and the ends of long texts. What is no
 * JSON, or no longer fails once it is written anew (an int64, a text that is too deep), stays as it is.
 *
 * @param fails whether a body still shows the fault
 */
export async function shrunk(
  body: string | Buffer,
  fails: (body: string) => Promise<boolean>,
): Promise<string | Buffer> {
  let document: unknown;
  try {
    document = JSON.parse(body.toString());
    if (!(await fails(JSON.stringify(document)))) return body;
  } catch {
    return body;
  }
  let left = ATTEMPTS;
  for (let progress = true; progress && left > 0;) {
    progress = false;
    for (const smaller of candidates(document)) {
      if (left-- <= 0) break;
      const text = JSON.stringify(smaller);
      if (!(await fails(text))) continue;
      document = JSON.parse(text);
      progress = true;
      break;
    }
  }
  return JSON.stringify(document, null, 2);
}

/** The document with one thing less, large things first. */
function* candidates(value: unknown): Generator {
  if (typeof value === 'string' && value.length > 8) {
    yield value.slice(0, value.length / 2);
    yield value.slice(value.length / 2);
  }
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (let index = value.length - 1; index >= 0; index--) yield value.toSpliced(index, 1) as unknown;
    for (const [index, entry] of value.entries()) {
      for (const smaller of candidates(entry)) yield value.with(index, smaller) as unknown;
    }
    return;
  }
  const entries = Object.entries(value);
  for (const [key] of entries) yield Object.fromEntries(entries.filter(([other]) => other !== key));
  for (const [key, entry] of entries) {
    for (const smaller of candidates(entry)) {
      yield Object.fromEntries(entries.map(([other, old]) => [other, other === key ? smaller : old]));
    }
  }
}
