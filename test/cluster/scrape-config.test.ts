import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import { run as runCommand } from '../commands/run.ts';
import { SCRAPE_CONFIG_CASES } from '../commands/scrape-config-cases.ts';
import { ensureBinaries, whyUnavailable } from './binaries.ts';
import { run } from './processes.ts';
import { skipOrFail } from './require.ts';

const TITLE = 'promtool takes every scrape configuration';

/** Options that change the jobs, to be combined with each other. */
const ROLES = ['pod', 'endpoints', 'endpointslice', 'service'];
const CHANGES: readonly (readonly string[])[] = [
  ['--namespaces', 'a,b'],
  ['--slow', '1500ms'],
  ['--labelmap'],
  ['--labelmap', 'app|team', '--app-label-from-container'],
  ['--with', 'kube-state-metrics,cadvisor,node-exporter,pushgateway'],
  ['--api-server', 'https://[fd00::1]:6443', '--insecure-skip-tls-verify'],
];

describe(TITLE, skipOrFail(TITLE, await whyUnavailable(['promtool']), process.env), () => {
  const directory = mkdtempSync(join(tmpdir(), 'podscrape-promtool-'));
  const cases: Record<string, { readonly args: readonly string[]; readonly config?: string }> =
    Object.fromEntries(Object.entries(SCRAPE_CONFIG_CASES).filter(([, { prints }]) => prints === undefined));
  for (const role of ROLES) {
    for (const [index, one] of CHANGES.entries()) {
      for (const other of CHANGES.slice(index + 1)) {
        if (one[0] === other[0]) continue;
        const args = ['--role', role, ...one, ...other];
        cases[args.join(' ')] = { args };
      }
    }
  }

  it(`all ${Object.keys(cases).length} of them`, async (t) => {
    t.after(() => rmSync(directory, { recursive: true, force: true }));
    const { promtool } = await ensureBinaries(['promtool']);
    const files = await Promise.all(
      Object.entries(cases).map(async ([name, { args, config }], index) => {
        const configFile = join(directory, `${index}.config.yaml`);
        if (config !== undefined) writeFileSync(configFile, config);
        const given = config === undefined ? [] : ['--config', configFile];
        const { code, stdout, stderr } = await runCommand('scrape-config', ...args, ...given);
        assert.equal(code, 0, `${name}: ${stderr}`);
        const file = join(directory, `${index}.yml`);
        writeFileSync(file, stdout);
        return file;
      }),
    );
    // The credentials of other machines are not here.
    const { code, stdout, stderr } = await run(promtool, ['check', 'config', '--syntax-only', ...files]);
    assert.equal(code, 0, stderr);
    assert.equal(stdout.match(/SUCCESS/g)?.length, files.length);
  });
});
