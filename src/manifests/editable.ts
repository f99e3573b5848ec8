import { isAlias } from 'yaml';
import type { Node } from 'yaml';

import { aliasOn, find, positionAt } from './manifest.ts';
import type { Found, Manifest, Path } from './manifest.ts';
import { offsetOf } from './values.ts';

/** A change that the text of the document does not allow; the message says what to do about it. */
export class NotEditable extends Error {
  override readonly name = 'NotEditable';
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/**
 * What stands at a path, if it may be changed there.
 *
 * @param shared the nodes that aliases repeat
 * @throws NotEditable
 */
export function editable(manifest: Manifest, shared: ReadonlySet<Node>, path: Path): Found {
  const found = find(manifest, path);
  if (found === undefined) {
    const holder = find(manifest, path.slice(0, -1));
    const what = `${place(path)} comes by a merge key (<<); write it out here to have it changed`;
    throw new NotEditable(what, offsetOf(holder?.node));
  }
  const alias = aliasOn(found);
  if (alias !== undefined && isAlias(alias)) {
    const what = `${place(path)} stands behind the alias *${alias.source}; write it out in its place to have it changed`;
    throw new NotEditable(what, offsetOf(alias));
  }
  const repeated = found.way.find((node) => shared.has(node));
  if (repeated !== undefined) {
    const { anchor = '' } = repeated as { anchor?: string };
    const [user] = [...manifest.targets].find(([, target]) => target === repeated) ?? [];
    const { line } = positionAt(manifest.text, offsetOf(user));
    const what = `${place(path)} is under the anchor &${anchor}, which *${anchor} on line ${line} repeats; write that out`;
    throw new NotEditable(what, offsetOf(repeated));
  }
  return found;
}

/** A path as people read it. */
export function place(path: Path): string {
  return path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`))
    .join('')
    .replace(/^\./, '');
}
