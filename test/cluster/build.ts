// Builds every binary of the table that the cache or KUBEBUILDER_ASSETS lacks, then fetches the software that the
// machine lacks; one line each.
import { ALL_BINARIES, ensureBinaries } from './binaries.ts';
import { ensureCrds } from './crds.ts';
import { ALL_DEBIAN } from './software/debian-table.ts';
import { ensureDebian } from './software/debian.ts';
import { ensurePython } from './software/python.ts';

async function timed(name: string, path: () => Promise<string>): Promise<void> {
  const started = performance.now();
  const found = await path();
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stdout.write(`${name.padEnd(24)} ${seconds.padStart(6)} s  ${found}\n`);
}

for (const name of ALL_BINARIES) await timed(name, async () => (await ensureBinaries([name]))[name]);
for (const name of ALL_DEBIAN) {
  await timed(name, async () => Object.values((await ensureDebian([name]))[name].programs)[0] ?? '');
}
await timed('crds', async () => (await ensureCrds())[0] ?? '');
await timed('python', async () => (await ensurePython()).python);
