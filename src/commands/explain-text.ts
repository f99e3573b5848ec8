import type { Added, Target } from '../core/decision.ts';
import { problemText, severity } from '../core/problem.ts';
import { withoutControlCharacters } from '../core/text.ts';
import type { Explained } from '../manifests/explain.ts';
import { columnLines } from './columns.ts';
import type { Scrapes } from './explain-scrapes.ts';
import { scrapeSections } from './explain-scrape-text.ts';

/** An explanation with where its object stands. */
export interface ExplainedRecord extends Explained {
  readonly file: string;
  readonly document: number;
  /** Of a Pod that is in a cluster: whether it carries podscrape's record, and does not although it asks. */
  readonly existing?: 'with-status' | 'without-status';
}

/**
 * The explanation as people read it.
 *
 * @param allRules whether rules that do nothing are shown
 */
export function explanationText(record: ExplainedRecord, scrapes?: Scrapes, allRules = false): string {
  const { decision, faults = [] } = record;
  const { policy, violations, problems, targets, added, changed, profiles } = decision;
  const isLate = record.existing === 'without-status';
  const title = `${record.kind}/${record.name || '(no name)'}`;
  const sections: readonly (readonly [string, readonly string[]])[] = [
    ['who', [record.eligibility]],
    ['policy', policy === undefined ? [] : [`${policy.name}, mode ${policy.mode}`]],
    ['asked', columnLines(record.request.map(({ key, value, place }) => [`${key}: ${shown(value)}`, place]))],
    ['profiles', profiles.length === 0 ? [] : [profiles.join(', ')]],
    ['outcome', [`${decision.outcome} (${decision.reason}): ${record.because}`]],
    ['targets', targets.length === 0 ? [] : targetLines(targets)],
    // Of what runs already nothing is changed any more.
    [isLate ? 'would add' : 'added', addedLines(added)],
    [
      isLate ? 'would change' : 'changed',
      Object.entries(changed).map(([key, value]) => `${key}, which said ${JSON.stringify(value)}`),
    ],
    [
      'problems',
      [
        ...faults.map(({ level, line, message }) => `${level}: ${record.file}:${line}: ${message}`),
        ...problems.map((problem) => `${severity(problem)}: ${problemText(problem)}`),
      ],
    ],
    [
      'conventions',
      violations.map(
        ({ convention, severity: what, problem }) => `${what}: ${convention}: ${problemText(problem)}`,
      ),
    ],
    ['caveats', record.caveats],
    ...(scrapes === undefined ? [] : scrapeSections(scrapes, allRules)),
  ];
  const lines = sections.flatMap(([name, text]) =>
    text.map((line, index) => `  ${(index === 0 ? name : '').padEnd(WIDTH)}${line}`),
  );
  const where = `${record.file}:${record.line}, document ${record.document}`;
  const all = [`${title} in namespace ${record.namespace} (${where})`, ...lines];
  // Here alone: manifests, configurations and a Prometheus may have put anything into any line.
  return all.map((line) => `${withoutControlCharacters(line)}\n`).join('');
}

const WIDTH = 'would change'.length + 1;
const LONGEST = 60;

/** One line, and not all of a mapping. */
function shown(value: string): string {
  const text = withoutControlCharacters(value.trim());
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}

function targetLines(targets: readonly Target[]): readonly string[] {
  return columnLines([
    ['CONTAINER', 'PORT', 'NAME', 'URL PATH', 'INTERVAL', 'TIMEOUT', 'FROM'],
    ...targets.map(({ container, port, portName = '-', scheme, path, params, interval, timeout, source }) => [
      container,
      String(port),
      portName,
      `${scheme} ${path}${params.length === 0 ? '' : `?${params.map(([key, value]) => `${key}=${value}`).join('&')}`}`,
      interval,
      timeout,
      source,
    ]),
  ]);
}

const WORDS: Readonly<Record<keyof Added, string>> = {
  containers: 'container',
  ports: 'port declared',
  named: 'port named',
  annotations: 'annotation',
  volumes: 'volume',
  env: 'variable set',
  extended: 'variable extended',
};

function addedLines(added: Added): readonly string[] {
  const lists = Object.entries(added) as readonly (readonly [keyof Added, readonly string[]])[];
  return columnLines(lists.flatMap(([list, names]) => names.map((name) => [WORDS[list], name])));
}
