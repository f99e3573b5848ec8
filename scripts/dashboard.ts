import { ROWS } from './dashboard-panels.ts';
import type { Panel } from './dashboard-panels.ts';

const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };
const COLUMNS = 24;
const HEIGHT = { timeseries: 8, stat: 4 } as const;

/** The text of charts/podscrape/files/dashboard.json, for Grafana 12 or later; `npm run docs` writes it. */
export function dashboardJson(): string {
  return JSON.stringify({
    title: 'podscrape',
    // Not a number of somebody's database: the link to it is the same everywhere.
    uid: 'podscrape',
    id: null,
    description:
      'The admission webhook: what becomes of requests, and how it is. docs/runbook.md tells what to do.',
    tags: ['podscrape', 'kubernetes', 'admission'],
    schemaVersion: 42,
    version: 1,
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    timezone: 'browser',
    annotations: { list: [] },
    links: [],
    templating: { list: [datasource(), variable('job', ''), variable('namespace', 'job=~"$job"')] },
    panels: panels(),
  });
}

function datasource(): object {
  return { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus', refresh: 1 };
}

/** A label of podscrape's own series; all of its values at first, those that are missing too. */
function variable(name: string, selector: string): object {
  return {
    name,
    label: name,
    type: 'query',
    datasource: DATASOURCE,
    query: { query: `label_values(podscrape_build_info{${selector}}, ${name})`, refId: name },
    refresh: 2,
    sort: 1,
    multi: true,
    includeAll: true,
    allValue: '.*',
    current: { text: ['All'], value: ['$__all'] },
  };
}

/** Rows and panels from left to right, and down; numbered, because Grafana wants a number in each. */
function panels(): readonly object[] {
  const made: object[] = [];
  let y = 0;
  for (const { title, panels: inRow } of ROWS) {
    made.push({
      id: made.length + 1,
      type: 'row',
      title,
      collapsed: false,
      gridPos: { x: 0, y, w: COLUMNS, h: 1 },
      panels: [],
    });
    y += 1;
    let x = 0;
    let height = 0;
    for (const one of inRow) {
      if (x + one.width > COLUMNS) {
        x = 0;
        y += height;
        height = 0;
      }
      const h = HEIGHT[one.type];
      made.push({ id: made.length + 1, gridPos: { x, y, w: one.width, h }, ...panel(one) });
      x += one.width;
      height = Math.max(height, h);
    }
    y += height;
  }
  return made;
}

function panel(one: Panel): object {
  const { title, description, type, unit, queries, red, redBelow } = one;
  return {
    type,
    title,
    ...(description === undefined ? {} : { description }),
    datasource: DATASOURCE,
    targets: queries.map(({ expr, legend }, index) => ({
      refId: String.fromCharCode('A'.charCodeAt(0) + index),
      datasource: DATASOURCE,
      expr,
      legendFormat: legend,
      editorMode: 'code',
      range: type === 'timeseries',
      instant: type !== 'timeseries',
    })),
    fieldConfig: {
      defaults: {
        unit,
        ...(redBelow === undefined ? { min: 0 } : {}),
        ...(type === 'stat' ? { noValue: '–' } : {}),
        thresholds: { mode: 'absolute', steps: steps(red, redBelow) },
        ...(type === 'timeseries' ? { custom: { fillOpacity: 10, showPoints: 'never' } } : {}),
      },
      overrides: [],
    },
    options: OPTIONS[type],
  };
}

function steps(red: number | undefined, redBelow: number | undefined): readonly object[] {
  if (redBelow !== undefined) {
    return [
      { color: 'red', value: null },
      { color: 'green', value: redBelow },
    ];
  }
  return [{ color: 'green', value: null }, ...(red === undefined ? [] : [{ color: 'red', value: red }])];
}

const OPTIONS: Readonly<Record<Panel['type'], object>> = {
  timeseries: {
    legend: { displayMode: 'list', placement: 'bottom', showLegend: true },
    tooltip: { mode: 'multi', sort: 'desc' },
  },
  stat: { colorMode: 'value', graphMode: 'none', reduceOptions: { calcs: ['lastNotNull'] } },
};
