import type { FindingCode, FindingLevel } from './finding.ts';
import { FINDINGS } from './finding.ts';
import type { LeftOut, Verdict } from './judge.ts';
import type { Remedy } from './remedy.ts';
import { remedyFor } from './remedy.ts';
import type { LivePod, Owner, Workload } from './workload.ts';

/** One finding about the Pods of one workload. */
export interface WorkloadFinding {
  readonly code: FindingCode;
  readonly level: FindingLevel;
  readonly namespace: string;
  readonly workload: Workload;
  /** How many of the workload's Pods it is about, and how many there are; those that are left out not counted. */
  readonly pods: number;
  readonly of: number;
  /** The Pod that the message is about. */
  readonly example: string;
  readonly names: readonly string[];
  readonly message: string;
  readonly remedy: Remedy;
}

/** How many Pods there are of each sort; each is counted once, with what is worst about it. */
export interface Summary {
  readonly pods: number;
  readonly missed: number;
  readonly information: number;
  readonly inOrder: number;
  readonly notAsking: number;
  readonly leftOut: Readonly<Record<LeftOut, number>>;
}

interface Group extends Omit<WorkloadFinding, 'level' | 'of' | 'names' | 'pods'> {
  readonly names: string[];
  readonly owner: string;
}

/** Gathers verdicts by workload. Of a Pod its name is kept, and nothing of one in order. */
export class Report {
  readonly #groups = new Map<string, Group>();
  readonly #sizes = new Map<string, number>();
  readonly #leftOut: Record<LeftOut, number> = { finished: 0, terminating: 0, mirror: 0, excluded: 0 };
  readonly #counts = { pods: 0, missed: 0, information: 0, inOrder: 0, notAsking: 0 };

  add({ metadata }: LivePod, owner: Owner, { leftOut, asks, findings }: Verdict): void {
    this.#counts.pods += 1;
    if (leftOut !== undefined) {
      this.#leftOut[leftOut] += 1;
      return;
    }
    const { namespace = '', name = '' } = metadata ?? {};
    const { workload } = owner;
    const key = [namespace, workload.apiVersion, workload.kind, workload.name].join(' ');
    // A bare Pod is one of one; there can be thousands.
    if (workload.kind !== 'Pod') this.#sizes.set(key, (this.#sizes.get(key) ?? 0) + 1);
    for (const { code, message } of findings) {
      const group = this.#groups.get(`${key} ${code}`);
      if (group?.names.at(-1) === name) continue;
      if (group !== undefined) {
        group.names.push(name);
        continue;
      }
      const remedy = remedyFor(code, owner, namespace, name);
      const about = { code, namespace, workload, example: name, message, remedy };
      this.#groups.set(`${key} ${code}`, { ...about, names: [name], owner: key });
    }
    this.#counts[sortOf(asks, findings)] += 1;
  }

  /** By what is worst, then by namespace and workload. */
  findings(): readonly WorkloadFinding[] {
    const found = [...this.#groups.values()].map(({ owner, names, ...group }): WorkloadFinding => {
      const { level } = FINDINGS[group.code];
      return { ...group, level, pods: names.length, of: this.#sizes.get(owner) ?? 1, names };
    });
    return found.sort((a, b) => compare(rank(a), rank(b)));
  }

  summary(): Summary {
    return { ...this.#counts, leftOut: { ...this.#leftOut } };
  }
}

function sortOf(
  asks: boolean,
  findings: Verdict['findings'],
): 'missed' | 'information' | 'inOrder' | 'notAsking' {
  const [worst] = findings
    .map(({ code }) => FINDINGS[code].level)
    .sort((a, b) => LEVELS.indexOf(a) - LEVELS.indexOf(b));
  return worst ?? (asks ? 'inOrder' : 'notAsking');
}

const LEVELS: readonly FindingLevel[] = ['missed', 'information'];
const CODES = Object.keys(FINDINGS);

function rank({ level, namespace, workload, code }: WorkloadFinding): readonly (number | string)[] {
  return [LEVELS.indexOf(level), namespace, workload.kind, workload.name, CODES.indexOf(code)];
}

function compare(a: readonly (number | string)[], b: readonly (number | string)[]): number {
  const index = a.findIndex((part, place) => part !== b[place]);
  if (index < 0) return 0;
  return (a[index] ?? 0) < (b[index] ?? 0) ? -1 : 1;
}

/** Several reports of disjoint Pods as one. */
export function merged(reports: readonly Report[]): {
  readonly summary: Summary;
  readonly findings: readonly WorkloadFinding[];
} {
  const findings = reports.flatMap((report) => report.findings()).sort((a, b) => compare(rank(a), rank(b)));
  const all = reports.map((report) => report.summary());
  const sum = (of: (summary: Summary) => number): number => all.reduce((total, one) => total + of(one), 0);
  const summary: Summary = {
    pods: sum(({ pods }) => pods),
    missed: sum(({ missed }) => missed),
    information: sum(({ information }) => information),
    inOrder: sum(({ inOrder }) => inOrder),
    notAsking: sum(({ notAsking }) => notAsking),
    leftOut: {
      finished: sum(({ leftOut }) => leftOut.finished),
      terminating: sum(({ leftOut }) => leftOut.terminating),
      mirror: sum(({ leftOut }) => leftOut.mirror),
      excluded: sum(({ leftOut }) => leftOut.excluded),
    },
  };
  return { summary, findings };
}
