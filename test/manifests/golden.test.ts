import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { splitDocuments } from '../../src/manifests/documents.ts';
import { explanationText } from '../../src/commands/explain-text.ts';
import { explainDocument } from '../../src/manifests/explain.ts';
import { positionAt } from '../../src/manifests/manifest.ts';
import { KnownNamespaces } from '../../src/manifests/namespaces.ts';
import { injectDocument, uninjectDocument } from '../../src/manifests/rewrite.ts';
import { config } from './support.ts';

/**
 * One folder a manifest: `input.yaml`; what comes out is `output.yaml`, with what is said on the way in `messages.txt`
 * and the explanation in `explained.txt`. Run with --test-update-snapshots to write them, then read every line of the
 * difference.
 */
const root = join(import.meta.dirname, 'golden');
const FILES = ['explained.txt', 'input.yaml', 'messages.txt', 'output.yaml'];
const asIs = { serializers: [(value: string) => value] };

const known = (): KnownNamespaces => new KnownNamespaces({ namespace: 'default', now: 0 });

describe('golden manifests', () => {
  for (const name of readdirSync(root).sort()) {
    it(name, async (t) => {
      const folder = join(root, name);
      const input = readFileSync(join(folder, 'input.yaml'), 'utf8');
      const { text, messages } = await injectedStream(input);
      t.assert.fileSnapshot(text, join(folder, 'output.yaml'), asIs);
      t.assert.fileSnapshot(messages.join(''), join(folder, 'messages.txt'), asIs);
      t.assert.fileSnapshot(await explained(input), join(folder, 'explained.txt'), asIs);

      assert.equal((await injectedStream(text)).text, text, 'a second pass changes nothing');
      let back = '';
      for await (const document of documents(text)) back += uninjectDocument(document.text, config).text;
      assert.equal(back, input, 'uninject gives back every byte');
      assert.deepEqual(readdirSync(folder).sort(), FILES);
    });
  }
});

async function* documents(text: string): AsyncGenerator<{ text: string; line: number }> {
  for await (const { bytes, line } of splitDocuments([Buffer.from(text)]))
    yield { text: Buffer.from(bytes).toString(), line };
}

async function injectedStream(input: string): Promise<{ text: string; messages: readonly string[] }> {
  const namespaces = known();
  const messages: string[] = [];
  let text = '';
  for await (const document of documents(input)) {
    const result = injectDocument(document.text, namespaces, config);
    text += result.text;
    for (const { level, offset, subject, message } of result.findings) {
      const line = document.line + positionAt(document.text, offset).line - 1;
      messages.push(`${line}: ${subject ?? 'document'}: ${level}: ${message}\n`);
    }
    if (result.results.length > 0) messages.push(`${document.line}: ${result.results.join(', ')}\n`);
  }
  return { text, messages };
}

async function explained(input: string): Promise<string> {
  const namespaces = known();
  const texts: string[] = [];
  let number = 0;
  for await (const document of documents(input)) {
    number += 1;
    for (const { line, faults = [], ...record } of explainDocument(document.text, namespaces, config)
      .objects) {
      const at = (own: number): number => document.line + own - 1;
      const place = { file: 'input.yaml', document: number, line: at(line) };
      const moved = faults.map((fault) => ({ ...fault, line: at(fault.line) }));
      texts.push(explanationText({ ...record, ...place, faults: moved }));
    }
  }
  return texts.join('\n');
}
