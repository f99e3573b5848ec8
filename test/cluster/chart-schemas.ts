import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { folder } from '../chart/support.ts';
import { ensureBinaries } from './binaries.ts';
import type { ControlPlane } from './control-plane.ts';
import { run } from './processes.ts';

/** A definition of the API server's OpenAPI document. */
interface Definition {
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly 'x-kubernetes-group-version-kind'?: readonly { group: string; version: string; kind: string }[];
  readonly [keyword: string]: unknown;
}

type Definitions = Readonly<Record<string, Definition>>;

/**
 * Schemas for kubeconform, from the API server of the tests itself, so that nothing is fetched and no version drifts:
 * a file for each kind, with the definitions that it needs. Stricter than the API server: no key that is none.
 * Resolves to what kubeconform wants as `-schema-location`.
 */
async function writeSchemas(plane: ControlPlane): Promise<string> {
  const { body } = await plane.request<{ definitions: Definitions }>('GET', '/openapi/v2', undefined, {
    timeoutMs: 60_000,
  });
  const at = mkdtempSync(join(folder, 'schemas-'));
  const all = Object.fromEntries(Object.entries(body.definitions).map(([name, one]) => [name, strict(one)]));
  for (const [name, one] of Object.entries(all)) {
    for (const { group, version, kind } of one['x-kubernetes-group-version-kind'] ?? []) {
      const schema = { $ref: `#/definitions/${name}`, definitions: needed(name, all) };
      // What kubeconform calls the group of `v1` is `v1`.
      const file = `${group || version}-${version}-${kind.toLowerCase()}.json`;
      writeFileSync(join(at, file), JSON.stringify(schema));
    }
  }
  return join(at, '{{.Group}}-{{.ResourceAPIVersion}}-{{.ResourceKind}}.json');
}

function strict(definition: Definition): Definition {
  // `int-or-string` is a string in OpenAPI 2, and nothing else.
  const open = JSON.parse(
    JSON.stringify(definition).replaceAll(
      '"format":"int-or-string","type":"string"',
      '"type":["integer","string"]',
    ),
  ) as Definition;
  if (open['format'] === 'int-or-string') return { type: ['integer', 'string'] };
  return open.properties === undefined ? open : { ...open, additionalProperties: false };
}

function needed(name: string, all: Definitions, found: Record<string, Definition> = {}): Definitions {
  const one = all[name];
  if (one === undefined || found[name] !== undefined) return found;
  found[name] = one;
  for (const [, other = ''] of JSON.stringify(one).matchAll(/"#\/definitions\/([^"]+)"/g)) {
    needed(other, all, found);
  }
  return found;
}

/** What kubeconform has against the objects of a stream, by kind and name; `skip` names kinds that it has no schema for. */
export async function nonconformities(
  plane: ControlPlane,
  stream: string,
  skip: readonly string[],
): Promise<{ readonly valid: number; readonly wrong: readonly string[] }> {
  const { kubeconform } = await ensureBinaries(['kubeconform']);
  const location = await writeSchemas(plane);
  const flags = ['-strict', '-output', 'json', '-summary', '-verbose', '-skip', skip.join(',')];
  const { stdout, stderr } = await run(kubeconform, [...flags, '-schema-location', location], {
    stdin: stream,
    timeoutMs: 120_000,
  });
  if (!stdout.startsWith('{')) throw new Error(`kubeconform: ${stdout}${stderr}`);
  const { resources, summary } = JSON.parse(stdout) as {
    readonly resources: readonly { kind: string; name: string; status: string; msg: string }[];
    readonly summary: { readonly valid: number };
  };
  const wrong = resources.filter(({ status }) => status !== 'statusValid' && status !== 'statusSkipped');
  return {
    valid: summary.valid,
    wrong: wrong.map(({ kind, name, msg }) => `${kind} ${name}: ${msg}`),
  };
}
