import { Option } from 'commander';
import type { Command } from 'commander';
import { stringify } from 'yaml';

import { loadConfig } from '../config/load.ts';
import { explainDocument } from '../manifests/explain.ts';
import type { CommandIo } from './command.ts';
import { fail } from './fail.ts';
import { explanationText } from './explain-text.ts';
import type { ExplainedRecord } from './explain-text.ts';
import { defineFiles, defineNamespace, filesOf, namespacesOf } from './manifest-options.ts';
import type { ManifestOptions } from './manifest-options.ts';
import { documentsOf, tell, tellUnread, write } from './manifest-stream.ts';

const FORMATS = ['table', 'json', 'yaml'] as const;

export interface ExplainOptions extends ManifestOptions {
  readonly output: (typeof FORMATS)[number];
}

export function define(command: Command): void {
  defineFiles(command);
  defineNamespace(command);
  command
    .addOption(new Option('-o, --output <format>', 'how to print it').choices(FORMATS).default('table'))
    .addHelpText(
      'after',
      `
Says of every Pod and workload what podscrape would do with it and why; nothing is changed.

Example: podscrape explain -f deployment.yaml`,
    );
}

/** Prints the decision about every object of the input. */
export async function run(options: ExplainOptions, io: CommandIo): Promise<number> {
  const files = await filesOf(options, io);
  const loaded = await loadConfig(options.config);
  if (!loaded.ok) return fail(io, loaded.problems);
  const namespaces = namespacesOf(options);
  const printer = PRINTERS[options.output];
  let failed = false;
  let count = 0;
  for await (const input of documentsOf(files)) {
    if (!('text' in input)) {
      tellUnread(io, input);
      failed = true;
    } else {
      const { objects, findings } = explainDocument(input.text, namespaces, loaded.config.engine);
      for (const finding of findings) {
        failed ||= finding.level === 'error';
        // What a decision says is part of what is printed.
        if (finding.level === 'error' && (finding.subject === undefined || objects.length === 0))
          tell(io, input, finding);
      }
      for (const { line, ...explained } of objects) {
        const { file, number: document } = input;
        const record = { file, document, line: input.line + line - 1, ...explained };
        if (!(await write(io.stdout, printer.record(record, count)))) return failed ? 1 : 0;
        count += 1;
      }
    }
  }
  await write(io.stdout, printer.end(count));
  if (count === 0 && !failed) io.stderr.write('there is no Pod and no workload in it\n');
  return failed ? 1 : 0;
}

interface Printer {
  /** One record, with how many came before it. */
  readonly record: (record: ExplainedRecord, before: number) => string;
  readonly end: (count: number) => string;
}

const PRINTERS: Readonly<Record<ExplainOptions['output'], Printer>> = {
  table: {
    record: (record, before) => `${before === 0 ? '' : '\n'}${explanationText(record)}`,
    end: () => '',
  },
  json: {
    record: (record, before) =>
      `${before === 0 ? '[' : ','}\n${JSON.stringify(record, null, 2).replace(/^/gm, '  ')}`,
    end: (count) => (count === 0 ? '[]\n' : '\n]\n'),
  },
  yaml: {
    record: (record) =>
      stringify([record], { lineWidth: 0, compat: 'yaml-1.1', aliasDuplicateObjects: false }),
    end: (count) => (count === 0 ? '[]\n' : ''),
  },
};
