import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { parseAllDocuments, stringify } from 'yaml';

import { ensureBinaries, whyUnavailable } from '../cluster/binaries.ts';
import type { KubeObject } from '../cluster/client.ts';
import { run } from '../cluster/processes.ts';
import type { RunResult } from '../cluster/processes.ts';
import { skipOrFail } from '../cluster/require.ts';

export const CHART = join(import.meta.dirname, '../../charts/podscrape');

/** Values of the chart; tests write wrong ones too. */
export type Values = Readonly<Record<string, unknown>>;

/** An object that the chart makes. */
export type Rendered = KubeObject & {
  readonly webhooks?: readonly Readonly<Record<string, unknown>>[];
  readonly data?: Readonly<Record<string, string>>;
  readonly rules?: readonly object[];
};

export interface TemplateOptions {
  readonly release?: string;
  readonly namespace?: string;
  readonly flags?: readonly string[];
}

/** The options of a suite that needs Helm and no control plane. */
export async function requireHelm(suite: string): Promise<{ skip: false | string }> {
  return skipOrFail(suite, await whyUnavailable(['helm']), process.env);
}

/** Runs the real Helm with a home of its own: nothing of the user's repositories and plugins. */
export async function helm(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<RunResult> {
  const { helm: binary } = await ensureBinaries(['helm']);
  return run(binary, args, { env: { PATH: process.env['PATH'], HOME: HOME, ...env }, timeoutMs: 300_000 });
}

const HOME = mkdtempSync(join(tmpdir(), 'podscrape-helm-'));
process.once('exit', () => rmSync(HOME, { recursive: true, force: true }));
let files = 0;

/** A file with values; it goes with this process. */
export function valuesFile(values: Values): string {
  const path = join(HOME, `values-${files++}.yaml`);
  writeFileSync(path, stringify(values, { compat: 'yaml-1.1', aliasDuplicateObjects: false }));
  return path;
}

/** `helm template`, as text. */
export function template(values: Values, options: TemplateOptions = {}): Promise<RunResult> {
  const { release = 'podscrape', namespace = 'monitoring', flags = [] } = options;
  return helm(['template', release, CHART, '-n', namespace, '-f', valuesFile(values), ...flags]);
}

/** The objects of `helm template`, those of its tests too. Errors: Helm's, with its words. */
export async function render(values: Values, options: TemplateOptions = {}): Promise<readonly Rendered[]> {
  const { code, stdout, stderr } = await template(values, options);
  if (code !== 0) throw new Error(`helm template: ${stderr}`);
  return objectsIn(stdout);
}

/** What Helm says against values. Errors: it says nothing. */
export async function refusal(values: Values, options: TemplateOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await template(values, options);
  if (code === 0) throw new Error(`taken: ${stdout.slice(0, 200)}`);
  return stderr;
}

/** Errors: it is no YAML; a key that is there twice, too, which Helm takes and kustomize does not. */
export function objectsIn(text: string): readonly Rendered[] {
  return parseAllDocuments(text)
    .map((document) => {
      const [error] = document.errors;
      if (error !== undefined) throw error;
      return document.toJS() as Rendered | null;
    })
    .filter((object) => object !== null);
}

/** The object of a kind. Errors: there is none, or there are several. */
export function only(objects: readonly Rendered[], kind: string): Rendered {
  const [found, second] = objects.filter((object) => object.kind === kind);
  if (found === undefined || second !== undefined) {
    throw new Error(`${found === undefined ? 'no' : 'several'} ${kind}`);
  }
  return found;
}
