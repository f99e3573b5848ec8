// Format, lint, types and the audit of packages, side by side; fails when one of them does, after all have spoken.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

const CHECKS = ['format:check', 'lint', 'types', 'audit:packages'];

const codes = await Promise.all(CHECKS.map(check));
process.exitCode = codes.every((code) => code === 0) ? 0 : 1;

/** Runs an npm script; what it says comes in one piece, when it has ended. */
async function check(name: string): Promise<number | null> {
  const child = spawn('npm', ['run', '--silent', name], { stdio: ['ignore', 'pipe', 'pipe'] });
  const said: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => said.push(part));
  const [code] = (await once(child, 'close')) as [number | null];
  process.stderr.write(Buffer.concat(said));
  if (code !== 0) process.stderr.write(`npm run ${name} failed\n`);
  return code;
}
