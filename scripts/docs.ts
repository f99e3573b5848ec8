// Writes the reference pages under docs/, and parts of the chart, from the tables and the schema that they describe;
// `npm run docs`.
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { format, resolveConfig } from 'prettier';

import { chartReadme, chartSchema, chartTables } from './chart.ts';
import { dashboardJson } from './dashboard.ts';
import { annotationsPage } from './docs-annotations.ts';
import { configurationPage } from './docs-configuration.ts';
import { metricsPage } from './docs-metrics.ts';
import { profilesPage } from './docs-profiles.ts';

const root = resolve(import.meta.dirname, '..');

/** The pages by path, as text that is not formatted yet. */
const PAGES: Readonly<Record<string, () => string>> = {
  'charts/podscrape/README.md': chartReadme,
  'charts/podscrape/templates/_generated.tpl': chartTables,
  'charts/podscrape/values.schema.json': chartSchema,
  'charts/podscrape/files/dashboard.json': dashboardJson,
  'docs/annotations.md': annotationsPage,
  'docs/configuration.md': configurationPage,
  'docs/metrics.md': metricsPage,
  'docs/profiles.md': profilesPage,
};

/** The generated pages by path below the repository, formatted as `npm run format` leaves them. */
export async function pages(): Promise<ReadonlyMap<string, string>> {
  const made = Object.entries(PAGES).map(async ([path, page]) => {
    const filepath = join(root, path);
    // A template is not for the formatter.
    if (path.endsWith('.tpl')) return [path, page()] as const;
    return [path, await format(page(), { ...(await resolveConfig(filepath)), filepath })] as const;
  });
  return new Map(await Promise.all(made));
}

if (import.meta.main) {
  for (const [path, text] of await pages()) {
    writeFileSync(join(root, path), text);
    console.error(`wrote ${path}`);
  }
}
