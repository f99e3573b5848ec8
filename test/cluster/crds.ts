import { join } from 'node:path';

import type { ControlPlane } from './control-plane.ts';
import { run } from './processes.ts';
import { skipOrFail } from './require.ts';

/** Its go.mod pins the versions; no binary is built from it. */
const MODULE = join(import.meta.dirname, 'go/crds');

/** The files of each Go module that hold the definitions which the chart's objects are of. */
const FILES = {
  'github.com/prometheus-operator/prometheus-operator': [
    'example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml',
    'example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml',
    'example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml',
  ],
  'github.com/cert-manager/cert-manager': [
    'deploy/crds/cert-manager.io_certificates.yaml',
    'deploy/crds/cert-manager.io_issuers.yaml',
  ],
} as const;

/**
 * The paths of the definitions (CustomResourceDefinitions) of other people's kinds that the chart makes objects of: those
 * of the projects themselves, in Go's module cache, where they are fetched to at the first use.
 * Errors: what `go` says when a module is neither there nor to be had, or is not the one that go.sum knows.
 */
export async function ensureCrds(): Promise<readonly string[]> {
  const modules = Object.entries(FILES);
  const args = ['mod', 'download', '-json', ...modules.map(([module]) => module)];
  const { code, stdout, stderr } = await run('go', args, {
    cwd: MODULE,
    env: { ...process.env, GOWORK: 'off' },
    timeoutMs: 300_000,
  });
  if (code !== 0) throw new Error(`go mod download: ${stderr}${stdout}`);
  // Objects one after the other, with no comma between them.
  const found = JSON.parse(`[${stdout.replaceAll(/^\}\n\{$/gm, '},{')}]`) as readonly Downloaded[];
  return found.flatMap(({ Path, Dir }) => FILES[Path].map((file) => join(Dir, file)));
}

/** The options of a test that needs them; see `requireCluster`. Errors: with `CI=true`, why they are not to be had. */
export async function requireCrds(test: string): Promise<{ skip: false | string }> {
  const reason = await ensureCrds().then(
    () => undefined,
    (error: unknown) => String(error),
  );
  return skipOrFail(test, reason, process.env);
}

/** Runs something while the API server knows these kinds. */
export async function withCrds(plane: ControlPlane, task: () => Promise<void>): Promise<void> {
  const files = (await ensureCrds()).flatMap((file) => ['-f', file]);
  await plane.kubectl(['apply', '--server-side', ...files]);
  try {
    await plane.kubectl(['wait', '--for=condition=Established', '--timeout=60s', ...files]);
    await task();
  } finally {
    await plane.kubectl(['delete', ...files]);
  }
}

interface Downloaded {
  readonly Path: keyof typeof FILES;
  readonly Dir: string;
}
