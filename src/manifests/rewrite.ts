import type { Decision } from '../core/decision.ts';
import type { EngineConfig } from '../core/engine-config.ts';
import { SelfCheckError } from '../core/patch.ts';
import { problemText } from '../core/problem.ts';
import { differences } from './changes.ts';
import { NotEditable } from './editable.ts';
import { Editor } from './editor.ts';
import { bareObject, decideObject, keptSources, withKeptSources, withValue } from './engine.ts';
import type { Finding } from './findings.ts';
import { findingsOf, objectFinding, shapeFindings } from './findings.ts';
import { isFault, positionAt, readManifest } from './manifest.ts';
import type { Fault, Manifest } from './manifest.ts';
import type { KnownNamespaces } from './namespaces.ts';
import type { ManifestObject } from './objects.ts';
import { objectsIn, titleOf } from './objects.ts';
import { styleOf } from './render.ts';
import type { Style } from './render.ts';
import { pointerTo } from './sources.ts';
import type { Edit } from './text-edits.ts';
import { edited } from './text-edits.ts';
import { isEqual } from './values.ts';

/** What became of one object. */
export type Result = 'injected' | 'taken out' | 'skipped' | 'refused';

/** A document after the work, to the byte what it was wherever nothing had to change. */
export interface Rewritten {
  readonly text: string;
  readonly findings: readonly Finding[];
  /** Of each object that podscrape has to do with. */
  readonly results: readonly Result[];
}

/** The values of an object as they are to be, and the way there. */
interface Wanted {
  readonly object: ManifestObject;
  readonly after: unknown;
  readonly style: Style;
  readonly edits: readonly Edit[];
}

/** Injects into every object of a document. */
export function injectDocument(text: string, namespaces: KnownNamespaces, config: EngineConfig): Rewritten {
  const read = readManifest(text);
  if (isFault(read)) return unreadable(text, read);
  const findings: Finding[] = [];
  const results: Result[] = [];
  const wanted = new Map<ManifestObject, unknown>();
  for (const object of objectsIn(read.value, config)) {
    namespaces.see(object);
    const before = findings.length;
    const decided = decidedOn(object, namespaces, config, read, findings);
    if (decided === undefined) continue;
    const isWrong = findings.slice(before).some(({ level }) => level === 'error');
    results.push(isWrong ? 'refused' : decided.decision.outcome);
    if (decided.after !== object.value) wanted.set(object, decided.after);
  }
  const make = (object: ManifestObject, after: unknown, style: Style): Wanted =>
    withRecord(read, object, after, style, config);
  return carriedOut(read, wanted, make, { findings, results });
}

/** Takes what podscrape put there out of every object of a document. */
export function uninjectDocument(text: string, config: EngineConfig): Rewritten {
  const read = readManifest(text);
  if (isFault(read)) return unreadable(text, read);
  const findings: Finding[] = [];
  const results: Result[] = [];
  const wanted = new Map<ManifestObject, unknown>();
  const whole = new Map<ManifestObject, ReadonlySet<string>>();
  for (const object of objectsIn(read.value, config)) {
    if (object.type === 'other') continue;
    const bare = bareObject(object, config);
    if (bare === undefined) {
      results.push('skipped');
      continue;
    }
    const { problems } = bare;
    findings.push(...problems.map((problem) => objectFinding('error', object, read, problemText(problem))));
    results.push(problems.length > 0 ? 'refused' : 'taken out');
    wanted.set(object, bare.after);
    whole.set(object, bare.restored);
  }
  const make = (object: ManifestObject, after: unknown, style: Style): Wanted => {
    const kept = keptSources(object, config);
    const changes = differences(
      object.value,
      after,
      object.path,
      (path) => whole.get(object)?.has(pointerTo(path.slice(object.path.length))) === true,
    );
    const { edits } = new Editor(read, object.path, style, kept, changes);
    return { object, after, style, edits };
  };
  return carriedOut(read, wanted, make, { findings, results });
}

/** What is decided about an object, with what a person should know of it; undefined where it is none of podscrape's. */
export function decidedOn(
  object: ManifestObject,
  namespaces: KnownNamespaces,
  config: EngineConfig,
  manifest: Manifest,
  findings: Finding[],
): { readonly decision: Decision; readonly after: unknown } | undefined {
  try {
    const decided = decideObject(object, namespaces.surroundings(object), config);
    if (decided === undefined) return undefined;
    const { decision } = decided;
    findings.push(
      ...(decision.reason === 'malformed'
        ? shapeFindings(object, manifest)
        : findingsOf(decision, object, manifest)),
    );
    return decided;
  } catch (error) {
    if (!(error instanceof SelfCheckError)) throw error;
    findings.push(objectFinding('error', object, manifest, bug(error.message)));
    return undefined;
  }
}

/** The edits that inject, with a record of what they write over. */
function withRecord(
  manifest: Manifest,
  object: ManifestObject,
  after: unknown,
  style: Style,
  config: EngineConfig,
): Wanted {
  const never = (): boolean => false;
  const edit = (wanted: unknown): Editor =>
    new Editor(manifest, object.path, style, {}, differences(object.value, wanted, object.path, never));
  const first = edit(after);
  const status = Object.keys(first.sources).filter((pointer) => isStatus(pointer, config));
  const sources = { ...first.sources, ...keptSources(object, config) };
  for (const pointer of status) Reflect.deleteProperty(sources, pointer);
  const kept = withKeptSources(object, after, sources, config);
  return { object, after: kept, style, edits: kept === after ? first.edits : edit(kept).edits };
}

/** podscrape's own record is written over without a trace. */
function isStatus(pointer: string, { annotationPrefix }: EngineConfig): boolean {
  return pointer.endsWith(`/${pointerTo([`${annotationPrefix}/status`]).slice(1)}`);
}

/** The text with every edit, read again and compared: what is not to the letter what was wanted is not written. */
function carriedOut(
  manifest: Manifest,
  wanted: ReadonlyMap<ManifestObject, unknown>,
  make: (object: ManifestObject, after: unknown, style: Style) => Wanted,
  { findings, results }: Omit<Rewritten, 'text'>,
): Rewritten {
  if (wanted.size === 0) return { text: manifest.text, findings, results };
  const style = styleOf(manifest.text, manifest.root, manifest.isJson);
  const refused = (finding: Finding): Rewritten => ({
    text: manifest.text,
    findings: [...findings, finding].toSorted((a, b) => a.offset - b.offset),
    results: results.map((result) => (result === 'skipped' ? result : 'refused')),
  });
  // Blocks of several lines cannot stand everywhere; quoted texts can.
  for (const isPlain of [false, true]) {
    const made: Wanted[] = [];
    for (const [object, after] of wanted) {
      try {
        made.push(make(object, after, { ...style, isPlain }));
      } catch (error) {
        if (!(error instanceof NotEditable)) throw error;
        return refused(objectFinding('error', object, manifest, error.message, error.offset));
      }
    }
    const text = checked(manifest, made);
    if (text !== undefined) return { text, findings, results };
  }
  const [first] = wanted.keys();
  const subject = first === undefined ? undefined : titleOf(first);
  const message = `left alone: the text would not read back as meant; does a key stand twice? If not, ${BUG}`;
  return refused({ level: 'error', offset: 0, subject, message });
}

function checked(manifest: Manifest, made: readonly Wanted[]): string | undefined {
  const text = edited(
    manifest.text,
    made.flatMap(({ edits }) => edits),
  );
  if (text === undefined) return undefined;
  const again = readManifest(text);
  if (isFault(again)) return undefined;
  let value = manifest.value;
  for (const { object, after } of made) value = withValue(value, object.path, after);
  return isEqual(again.value, value) && again.isJson === manifest.isJson ? text : undefined;
}

const BUG = 'this is a bug in podscrape';

function bug(message: string): string {
  return `left alone: ${message}; ${BUG}`;
}

/** A document that passes as it is, with where and why it cannot be read. */
export function unreadable(text: string, { message, offset }: Fault): Rewritten {
  const { column } = positionAt(text, offset);
  const hint = text.includes('{{') ? '; if this is a template, render it first (helm template)' : '';
  const finding: Finding = {
    level: 'error',
    offset,
    subject: undefined,
    message: `column ${column}: ${message}${hint}`,
  };
  return { text, findings: [finding], results: [] };
}
