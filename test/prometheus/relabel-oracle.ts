import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

import type { RelabelConfig } from '../../src/prometheus/scrape-config.ts';
import { ensureBinaries } from '../cluster/binaries.ts';

/** What the oracle is asked (test/cluster/go/prometheus/relabel-oracle). */
export interface OracleRequest {
  /** `relabel_configs` as YAML. */
  readonly rules?: string;
  readonly legacy?: boolean;
  readonly labels?: readonly Readonly<Record<string, string>>[];
  /** How often the rules are applied, for the time it takes. */
  readonly times?: number;
  readonly unicode?: boolean;
}

/** What Prometheus' own code says. */
export interface OracleAnswer {
  readonly error?: string;
  readonly results?: readonly (Readonly<Record<string, string>> | null)[];
  readonly nanoseconds?: number;
  /** By code point: its lower case, its upper case, and 1 for a letter or 2 for a digit. */
  readonly unicode?: Readonly<Record<string, readonly [number, number, number]>>;
}

/** Prometheus' own relabelling code, as a process. Errors: where the binary is not to be had. */
export interface Oracle {
  /** Answers in the order of the requests. */
  ask(requests: readonly OracleRequest[]): Promise<readonly OracleAnswer[]>;
  stop(): void;
}

/** Starts the oracle; it ends with its standard input. */
export async function startOracle(): Promise<Oracle> {
  const { 'relabel-oracle': path } = await ensureBinaries(['relabel-oracle']);
  const child = spawn(path, { stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting: ((line: string) => void)[] = [];
  const broken = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => reject(new Error(`the oracle has ended (${signal ?? code ?? ''})`)));
  });
  broken.catch(() => undefined);
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.(line));
  return {
    async ask(requests) {
      const answers = requests.map(() => new Promise<string>((resolve) => waiting.push(resolve)));
      for (const request of requests) child.stdin.write(`${JSON.stringify(request)}\n`);
      const lines = await Promise.race([Promise.all(answers), broken]);
      return lines.map((line) => JSON.parse(line) as OracleAnswer);
    },
    stop: () => void child.stdin.end(),
  };
}

/** Rules as YAML that leaves nothing to guess: every text in double quotes. */
export function rulesYaml(rules: readonly RelabelConfig[]): string {
  const items = rules.map((rule) => {
    const keys = Object.entries(rule).map(([key, value]) => `${key}: ${valueYaml(value as YamlValue)}`);
    return `- {${keys.join(', ')}}`;
  });
  return items.length === 0 ? '[]' : items.join('\n');
}

type YamlValue = string | number | bigint | readonly string[];

function valueYaml(value: YamlValue): string {
  if (typeof value === 'string') return textYaml(value);
  return typeof value === 'object' ? `[${value.map(textYaml).join(', ')}]` : String(value);
}

function textYaml(text: string): string {
  const escaped = text.replace(
    /[^ !#-[\]-~]/gu,
    (character) => `\\U${(character.codePointAt(0) ?? 0).toString(16).padStart(8, '0')}`,
  );
  return `"${escaped}"`;
}
