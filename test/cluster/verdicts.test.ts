import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parse } from 'yaml';

import type { ControlPlane } from './control-plane.ts';
import { startControlPlane } from './control-plane.ts';
import { requireCluster } from './require.ts';

const GOLDEN = join(import.meta.dirname, '../core/golden');

describe('what the apiserver accepts without us it accepts with us', await requireCluster('verdicts'), () => {
  let plane: ControlPlane;
  before(async () => {
    plane = await startControlPlane({ controllerManager: false });
    await plane.createNamespace('verdicts');
  });
  after(() => plane.stop());

  it('every golden Pod, before and after', async () => {
    let accepted = 0;
    for (const name of readdirSync(GOLDEN)) {
      const [without, given] = await Promise.all([verdict(name, 'pod.yaml'), verdict(name, 'expected.yaml')]);
      if (without.status !== 201) continue;
      accepted += 1;
      assert.equal(given.status, 201, `${name}: ${given.body.message ?? ''}`);
    }
    // Some of the Pods are wrong on purpose (a container name that the apiserver refuses); most are not.
    assert.ok(accepted > 150, `${accepted} accepted`);
  });

  function verdict(name: string, file: string) {
    const pod = parse(readFileSync(join(GOLDEN, name, file), 'utf8')) as object;
    return plane.request('POST', '/api/v1/namespaces/verdicts/pods?dryRun=All', pod);
  }
});
