import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { parseAllDocuments } from 'yaml';

import { helm, objectsIn, render } from '../chart/helm.ts';
import type { Rendered, Values } from '../chart/helm.ts';
import { certificates } from '../chart/support.ts';
import { ensureBinaries } from '../cluster/binaries.ts';
import { run } from '../cluster/processes.ts';
import { requireCluster } from '../cluster/require.ts';
import { pageText } from './sessions.ts';

const root = join(import.meta.dirname, '../..');
const PAGES = ['docs/install.md', 'docs/upgrade.md', 'docs/gitops.md'];

const blocksOf = (page: string, language: string): readonly string[] =>
  [...pageText(page).matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)]
    .filter(([, name]) => name === language)
    .map(([, , text = '']) => text);

/** Each command on one line, without comments. */
const commandsOf = (page: string): readonly string[] =>
  blocksOf(page, 'sh')
    .flatMap((text) => text.replaceAll(/ \\\n */g, ' ').split('\n'))
    .map((line) => line.replace(/ +# .*$/, ''))
    .filter((line) => line !== '');

const TEMPLATE = 'helm template podscrape charts/podscrape --namespace podscrape';

/** As `helm template`, which reads no release. */
function asTemplate(command: string): string | undefined {
  const deploys = /^helm (install|upgrade) /;
  if (!deploys.test(command)) return undefined;
  return command.replace(deploys, 'helm template ');
}

describe(
  'docs/install.md, docs/upgrade.md and docs/gitops.md',
  await requireCluster('the docs', ['helm']),
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'podscrape-docs-'));
    let path = '';
    before(async () => {
      const binaries = await ensureBinaries(['helm', 'kubectl']);
      path = [folder, dirname(binaries.helm), dirname(binaries.kubectl), process.env['PATH']].join(delimiter);
      symlinkSync(join(root, 'charts'), join(folder, 'charts'));
      writeFileSync(join(folder, 'ca.crt'), (await certificates('podscrape.podscrape.svc')).ca);
      writeFileSync(join(folder, 'kustomization.yaml'), 'resources: [all.yaml]\n');
      const podscrape = `#!/bin/sh\nexec '${process.execPath}' '${join(root, 'src/cli.ts')}' "$@"\n`;
      writeFileSync(join(folder, 'podscrape'), podscrape, { mode: 0o755 });
      for (const text of PAGES.flatMap((page) => blocksOf(page, 'yaml'))) {
        const [, name] = /^# (\S+\.yaml)$/m.exec(text.split('\n')[0] ?? '') ?? [];
        if (name !== undefined) writeFileSync(join(folder, name), text);
      }
    });
    after(() => rmSync(folder, { recursive: true, force: true }));

    const rendered = async (command: string): Promise<readonly Rendered[]> => {
      const env = { PATH: path, HOME: folder };
      const { code, stdout, stderr } = await run('/bin/sh', ['-c', command], { env, cwd: folder });
      assert.equal(code, 0, stderr);
      return objectsIn(stdout);
    };

    for (const page of PAGES) {
      for (const command of commandsOf(page)) {
        const template = asTemplate(command);
        if (template === undefined) continue;
        it(`${page}: ${command}`, async () => {
          const kinds = (await rendered(template)).map(({ kind }) => kind);
          for (const kind of ['Deployment', 'MutatingWebhookConfiguration'])
            assert.ok(kinds.includes(kind), kind);
        });
      }
    }

    it('the commands for EKS and OpenShift do what they are for', async () => {
      const find = (words: string) =>
        asTemplate(commandsOf('docs/install.md').find((line) => line.includes(words)) ?? '') ?? 'false';
      const podOf = async (command: string) => {
        const deployment = (await rendered(command)).find(({ kind }) => kind === 'Deployment');
        return (deployment?.spec?.['template'] as { spec: Record<string, unknown> }).spec;
      };
      const eks = await podOf(find('hostNetwork=true'));
      assert.equal(eks['hostNetwork'], true);
      assert.match(JSON.stringify(eks), /"hostPort":10260.*"hostPort":10261/);
      const openshift = await podOf(find('config.openshift=true'));
      assert.doesNotMatch(JSON.stringify(openshift), /runAsUser|runAsGroup|fsGroup/);
    });

    it('kustomize takes what helm template prints, and no object twice', async () => {
      const kinds = (await rendered(`${TEMPLATE} > all.yaml && kubectl kustomize .`)).map(({ kind }) => kind);
      assert.ok(kinds.includes('MutatingWebhookConfiguration'));
      const twice = `(${TEMPLATE}; echo ---; ${TEMPLATE} --show-only templates/mutating-webhook.yaml) > all.yaml`;
      const env = { PATH: path, HOME: folder };
      const { code, stderr } = await run('/bin/sh', ['-c', `${twice} && kubectl kustomize .`], {
        env,
        cwd: folder,
      });
      assert.notEqual(code, 0);
      assert.match(
        stderr,
        /may not add resource with an already registered id: MutatingWebhookConfiguration/,
      );
    });

    it('podscrape checks the configuration that the chart would bring', async () => {
      const command = commandsOf('docs/upgrade.md').find((line) => line.includes('config check')) ?? 'false';
      const checked = (values: string) => {
        writeFileSync(join(folder, 'values.yaml'), values);
        // No cluster is asked.
        const env = { PATH: path, HOME: folder, KUBECONFIG: '/dev/null' };
        return run('/bin/sh', ['-c', command], { env, cwd: folder });
      };
      const [values = ''] = blocksOf('docs/upgrade.md', 'yaml');
      const fine = await checked(values);
      assert.equal(fine.code, 0, fine.stderr);
      const { code, stderr } = await checked(values.replace('mode: warn', 'defaultProfile: none'));
      assert.equal(code, 1);
      assert.match(stderr, /policies\[0\]\.defaultProfile: unknown profile "none"/);
      writeFileSync(join(folder, 'values.yaml'), values);
    });

    it('the values in Applications and HelmReleases are the chart’s', async () => {
      const documents = blocksOf('docs/gitops.md', 'yaml').flatMap((text) => parseAllDocuments(text));
      const values = documents.flatMap((document) => {
        const { spec } = document.toJS() as {
          spec: { values?: Values; source?: { helm: { valuesObject: Values } } };
        };
        return spec.values ?? spec.source?.helm.valuesObject ?? [];
      }) as readonly Values[];
      assert.equal(values.length, 2);
      for (const one of values) await render(one);
    });

    it('other commands of Helm have the options that they are given', async () => {
      for (const page of PAGES) {
        for (const command of commandsOf(page).filter((line) => /^helm (?!install|upgrade)/.test(line))) {
          const { stdout } = await helm([command.split(' ')[1] ?? '', '--help']);
          const [own = ''] = command.split(' | ');
          for (const [flag] of own.matchAll(/--[a-z-]+/g)) assert.ok(stdout.includes(` ${flag}`), command);
        }
      }
    });

    it('links lead somewhere', () => {
      for (const page of PAGES) {
        for (const [, target = ''] of pageText(page).matchAll(/\]\(([^)#]+)[^)]*\)/g))
          assert.doesNotThrow(() => pageText(join('docs', target)), `${page}: ${target}`);
      }
    });
  },
);
