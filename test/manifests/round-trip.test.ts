import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import type { ConfigFile } from '../../src/config/schema.ts';
import { engineConfig } from '../core/support.ts';
import { injected, takenOut } from './support.ts';
import { STYLES } from './styles.ts';

/** Every Pod and workload of the engine's golden folders, in every style. */
const goldens = ['../core/golden', '../core/workloads/golden'].flatMap((root) => {
  const folder = join(import.meta.dirname, root);
  return readdirSync(folder).map((name) => join(folder, name));
});

interface Sample {
  readonly name: string;
  readonly text: string;
  readonly config: ConfigFile | undefined;
}

const samples: readonly Sample[] = goldens.flatMap((folder) => {
  const given = ['pod.yaml', 'object.yaml'].find((file) => existsSync(join(folder, file)));
  if (given === undefined) return [];
  const text = readFileSync(join(folder, given), 'utf8');
  const caseFile = join(folder, 'case.yaml');
  const { config } = (existsSync(caseFile) ? parse(readFileSync(caseFile, 'utf8')) : {}) as {
    config?: ConfigFile;
  };
  return [{ name: folder.split('/').slice(-2).join('/'), text, config }];
});

/**
 * `adopt: on` makes annotations readable in a Pod that cannot be adopted, and so has no record that could tell what they
 * said.
 */
const UNRECORDED = ['golden/adopt-on-normalises-without-a-port'];

/** Those that a pass has been over already hold what is not in their own record, and are no manifest of an owner. */
const isOwners = ({ name, text }: Sample): boolean =>
  !UNRECORDED.includes(name) && !/podscrape\.dev\/(?:status|hoisted|mapping)/.test(text);

function roundTrip(text: string, file: ConfigFile | undefined): void {
  const config = engineConfig(file);
  const after = injected(text, config);
  assert.deepEqual(
    after.findings.filter(({ message }) => /^column|a bug in podscrape/.test(message)),
    [],
  );
  assert.equal(injected(after.text, config).text, after.text, 'a second pass changes nothing');
  assert.equal(takenOut(after.text, config).text, text, 'and all of it comes out again');
}

describe('inject and uninject', () => {
  const owners = samples.filter(isOwners);
  it('has samples', () => assert.ok(owners.length > 200, String(owners.length)));
  for (const { name, text, config } of owners) {
    it(name, () => {
      roundTrip(text, config);
      for (const [style, write] of Object.entries(STYLES)) {
        try {
          roundTrip(write(parse(text)), config);
        } catch (error) {
          throw new Error(style, { cause: error });
        }
      }
    });
  }
});
