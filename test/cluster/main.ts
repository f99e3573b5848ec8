// Boots a control plane to play with. Standard output has one line, the one to paste into another shell.
import { startControlPlane } from './control-plane.ts';
import { sleep } from './wait.ts';

const say = (line: string): void => void process.stderr.write(`${line}\n`);
const started = performance.now();
say('booting a control plane …');
// A signal during the boot just ends this process, and with it everything that it has started.
const plane = await startControlPlane({ log: say });
say(
  `ready after ${((performance.now() - started) / 1000).toFixed(1)} s at ${plane.url}, logs in ${plane.logDir}`,
);
say(`stop it with Ctrl-C here, or with: kill ${process.pid}`);
process.stdout.write(`export KUBECONFIG=${plane.kubeconfig}\n`);

const told = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => told.abort());
try {
  while (!told.signal.aborted) {
    plane.assertAlive();
    await sleep(200);
  }
  say('stopping …');
} finally {
  await plane.stop();
}
