import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A configuration, and what is told of it. */
export interface ConfigCase {
  readonly name: string;
  readonly text: string;
  /** `LINE:COLUMN path: message`, from the lines that begin with `#!`; none for what Prometheus takes. */
  readonly findings: readonly string[];
  /** Whether Prometheus takes it. */
  readonly isGood: boolean;
}

const FOLDER = join(import.meta.dirname, 'configs');

/** The files of `configs/`: those that Prometheus takes, and those that it refuses. */
export function configCases(): readonly ConfigCase[] {
  return readdirSync(FOLDER)
    .filter((name) => /\.(?:good|bad)\.yml$/.test(name))
    .map((name) => {
      const text = readFileSync(join(FOLDER, name), 'utf8');
      const findings = [...text.matchAll(/^#! (.*)$/gm)].map(([, finding = '']) => finding);
      return { name, text, findings, isGood: name.endsWith('.good.yml') };
    });
}
