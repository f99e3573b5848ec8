// Builds every binary of the table that the cache or KUBEBUILDER_ASSETS lacks, one line each.
import { ALL_BINARIES, ensureBinaries } from './binaries.ts';

for (const name of ALL_BINARIES) {
  const started = performance.now();
  const paths = await ensureBinaries([name]);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stdout.write(`${name.padEnd(24)} ${seconds.padStart(6)} s  ${paths[name]}\n`);
}
