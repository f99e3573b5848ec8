import type { Summary, WorkloadFinding } from '../audit/report.ts';
import type { AuditResult } from './audit-record.ts';
import { columns } from './columns.ts';

type Paint = (text: string) => string;

interface Colours {
  readonly bold: Paint;
  readonly missed: Paint;
  readonly information: Paint;
  readonly dim: Paint;
}

const plain: Paint = (text) => text;
const NONE: Colours = { bold: plain, missed: plain, information: plain, dim: plain };

const escape =
  (code: number, end: number): Paint =>
  (text) =>
    `\u001B[${code}m${text}\u001B[${end}m`;
const ALL: Colours = {
  bold: escape(1, 22),
  missed: escape(31, 39),
  information: escape(36, 39),
  dim: escape(2, 22),
};

/** Colours are for terminals, and not for those who do not want any (https://no-color.org). */
function coloursOf(stdout: NodeJS.WritableStream): Colours {
  const isTerminal = 'isTTY' in stdout && stdout.isTTY === true;
  return isTerminal && (process.env['NO_COLOR'] ?? '') === '' ? ALL : NONE;
}

/** A table of findings, each with its sentence and what to do below it, and what there was in all. */
export function auditText(
  { findings, summary, jobs, namespaces }: AuditResult,
  stdout: NodeJS.WritableStream,
): string {
  const colours = coloursOf(stdout);
  const where = namespaces.length === 0 ? 'all namespaces' : namespaces.join(', ');
  const head = `${where}, ${jobs}`;
  return `${table(findings, colours)}${findings.length === 0 ? '' : '\n'}${summaryText(summary, colours)}${colours.dim(head)}\n`;
}

function table(findings: readonly WorkloadFinding[], { bold, missed, information, dim }: Colours): string {
  if (findings.length === 0) return '';
  const rows = findings.map(({ namespace, workload, pods, of, code }) => [
    namespace,
    `${workload.kind.toLowerCase()}/${workload.name}`,
    `${pods} of ${of}`,
    code,
  ]);
  const [header = '', ...lines] = columns([['NAMESPACE', 'WORKLOAD', 'PODS', 'FINDING'], ...rows])
    .trimEnd()
    .split('\n');
  const blocks = findings.map(({ level, code, example, message, remedy, workload }, index) => {
    const paint = level === 'missed' ? missed : information;
    const line = (lines[index] ?? '').replace(new RegExp(`${code}$`), paint(code));
    const who = workload.kind === 'Pod' ? '' : `${example}: `;
    const what = remedy.command === undefined ? remedy.text : `${remedy.text}: ${bold(remedy.command)}`;
    return `${line}\n  ${who}${message}\n  ${dim('→')} ${what}\n`;
  });
  return `${dim(header)}\n${blocks.join('')}`;
}

function summaryText(
  { pods, missed, information, inOrder, notAsking, leftOut }: Summary,
  colours: Colours,
): string {
  const out = Object.entries(leftOut).filter(([, count]) => count > 0);
  const parts = [
    ...(information > 0 ? [`${information} to know about`] : []),
    `${inOrder} in order`,
    `${notAsking} not asking`,
    ...out.map(([why, count]) => `${count} ${why}`),
  ];
  const first = missed === 0 ? 'nothing missed' : `${missed} missed`;
  const paint = missed === 0 ? colours.bold : colours.missed;
  return `${pods} ${pods === 1 ? 'Pod' : 'Pods'}: ${paint(first)}, ${parts.join(', ')}\n`;
}
