import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';

import { FINDINGS } from '../../src/audit/finding.ts';
import type { ConfigFile } from '../../src/config/schema.ts';
import { inject } from '../../src/core/inject.ts';
import type { Pod } from '../../src/core/kubernetes.ts';
import { statusRecord } from '../../src/core/status.ts';
import { ofTemplates } from '../../src/core/surroundings.ts';
import type { Surroundings } from '../../src/core/surroundings.ts';
import { alive, before, judge, today } from './support.ts';

/** The engine's own cases: what it makes of them it must not find fault with afterwards. */
const root = join(import.meta.dirname, '../core/golden');

/** Whose record is none of podscrape's: there is a fault to find. */
const FORGED = ['status-forged-exporter'];

interface Case extends Partial<Surroundings> {
  readonly config?: ConfigFile;
}

describe('golden Pods, injected and audited', () => {
  let audited = 0;
  for (const name of readdirSync(root).filter((one) => !FORGED.includes(one))) {
    it(name, () => {
      const folder = join(root, name);
      const pod = parse(readFileSync(join(folder, 'pod.yaml'), 'utf8')) as Pod;
      const casePath = join(folder, 'case.yaml');
      const { config: file, ...where } = (
        existsSync(casePath) ? parse(readFileSync(casePath, 'utf8')) : {}
      ) as Case;
      const surroundings: Surroundings = { namespace: 'team-a', trigger: 'object', ...where };
      for (const engine of [today(file), before(file)]) {
        const after = inject(pod, surroundings, engine).pod;
        const record = statusRecord(after, engine);
        if (record === undefined) continue;
        audited += 1;
        // What was used of a quota then, nobody knows.
        const known = ofTemplates(surroundings);
        const { findings } = judge(alive(after), { surroundings: known, engine: today(file), jobs: [] });
        assert.deepEqual(
          findings.filter(({ code }) => FINDINGS[code].level === 'missed'),
          [],
        );
      }
    });
  }

  it('many of them', () => assert.ok(audited > 400, `${audited}`));
});
