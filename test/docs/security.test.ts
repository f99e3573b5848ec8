import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { pageText } from './sessions.ts';

/** `verb resource`, each once. */
const rights = (rows: readonly (readonly [resources: string, verbs: string])[]): readonly string[] => {
  const words = (text: string): readonly string[] => text.split(/[,;] */);
  const all = rows.flatMap(([resources, verbs]) =>
    words(resources).flatMap((resource) => words(verbs).map((verb) => `${verb} ${resource}`)),
  );
  return [...new Set(all)].sort();
};

describe('SECURITY.md', () => {
  it('has the rights that the chart grants, and no other', () => {
    const [, section = ''] = /\n## Rights\n([\s\S]*?)\n## /.exec(pageText('SECURITY.md')) ?? [];
    const told = [...section.matchAll(/^\| ([a-z, ]+?) +\| ([a-z,; ]+?) +\|/gm)].slice(1);
    const template = pageText('charts/podscrape/templates/rbac.yaml');
    const granted = [
      ...template.matchAll(/resources: \[(.*)\]\n(?: +resourceNames: .*\n)? +verbs: \[(.*)\]/g),
    ];
    assert.ok(granted.length > 5, `${granted.length}`);
    const rows = (matches: readonly RegExpExecArray[]) =>
      matches.map(([, resources = '', verbs = '']) => [resources, verbs] as const);
    assert.deepEqual(rights(rows(told)), rights(rows(granted)));
  });
});
