// Asks the npm registry for known weaknesses of what goes into the bundle, and holds them against the policy in
// SECURITY.md: nothing `high` or `critical`, but for what ACCEPTED names with a reason and an end.
//
//   node scripts/audit-packages.ts [--registry URL] [--require]
//
// A registry without that service is told and let pass, unless --require says that it must have it.
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

/** A weakness that podscrape lives with for a while. */
export interface Accepted {
  /** The advisory's address, as npm prints it. */
  readonly url: string;
  readonly because: string;
  /** The last day, as in 2026-12-31: afterwards it is judged anew. */
  readonly until: string;
}

/** None at present. */
const ACCEPTED: readonly Accepted[] = [];

const REFUSED = ['high', 'critical'];

interface Advisory {
  readonly title: string;
  readonly url: string;
  readonly severity: string;
  readonly range: string;
}

interface Report {
  readonly message?: string;
  readonly error?: { readonly summary?: string };
  /** Of a package: its advisories, and as texts the names of packages that it inherits weaknesses from. */
  readonly vulnerabilities?: Readonly<Record<string, { readonly via: readonly (Advisory | string)[] }>>;
}

/** What the report says against the policy: a line each; nothing when all is well. `today` as in 2026-12-31. */
export function offences(report: Report, accepted: readonly Accepted[], today: string): string[] {
  const valid = accepted.filter(({ until }) => today <= until).map(({ url }) => url);
  return Object.entries(report.vulnerabilities ?? {}).flatMap(([name, { via }]) =>
    via
      .filter((one) => typeof one !== 'string')
      .filter(({ severity, url }) => REFUSED.includes(severity) && !valid.includes(url))
      .map(({ title, url, severity, range }) => `${name} ${range}: ${severity}: ${title} (${url})`),
  );
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { registry: { type: 'string' }, require: { type: 'boolean' } } });
  process.exitCode = audit(values.registry, values.require === true);
}

function audit(registry: string | undefined, required: boolean): number {
  // Without development dependencies: they see no cluster, and never get into the image.
  const args = ['audit', '--omit=dev', '--json', ...(registry === undefined ? [] : ['--registry', registry])];
  const { stdout, stderr } = spawnSync('npm', args, {
    cwd: resolve(import.meta.dirname, '..'),
    encoding: 'utf8',
    timeout: 120_000,
  });
  const report = parse(stdout);
  if (report?.vulnerabilities === undefined) {
    const reason = report?.message ?? report?.error?.summary ?? stderr.trim().split('\n')[0] ?? '';
    console.error(`NOT AUDITED: the npm registry gave no answer about known weaknesses: ${reason}`);
    console.error('Run `npm run audit:packages -- --require` where it has that service.');
    return required ? 1 : 0;
  }
  const found = offences(report, ACCEPTED, new Date().toISOString().slice(0, 10));
  for (const line of found) console.error(line);
  const count = Object.keys(report.vulnerabilities).length;
  console.error(
    found.length === 0
      ? `audited: nothing high or critical (${count} packages with lesser advisories)`
      : 'Renew these packages; where that cannot be, name the advisory in ACCEPTED of scripts/audit-packages.ts, with the reason and an end.',
  );
  return found.length === 0 ? 0 : 1;
}

function parse(text: string): Report | undefined {
  try {
    return JSON.parse(text) as Report;
  } catch {
    return undefined;
  }
}
