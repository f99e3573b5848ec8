/**
 * `npm run demo`: starts the webhook over TLS as `podscrape serve` does, sends it the AdmissionReviews that an
 * apiserver would send for the Pods of the examples, and shows what changed and which targets were asked for.
 * Needs no cluster; talks to 127.0.0.1 only.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { styleText } from 'node:util';
import { structuredPatch } from 'diff';
import fastJsonPatch from 'fast-json-patch';
import { parseAllDocuments, stringify } from 'yaml';

interface KubeObject {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Record<string, string>;
  };
  readonly spec?: { readonly template?: { readonly metadata: object; readonly spec: object } };
}

interface Answer {
  readonly response: {
    readonly allowed: boolean;
    readonly patch?: string;
    readonly warnings?: readonly string[];
    readonly auditAnnotations?: { readonly targets?: string };
  };
}

type Style = Parameters<typeof styleText>[0];

/** Colours on a terminal only; NO_COLOR is honoured. */
const paint = (style: Style, text: string): string =>
  process.stdout.isTTY ? styleText(style, text, { stream: process.stdout }) : text;
const print = (line = ''): boolean => process.stdout.write(`${line}\n`);

/** Longer values are cut. */
const LONGEST = 96;

const directory = mkdtempSync(join(tmpdir(), 'podscrape-demo-'));
const { child, url } = await startWebhook();
try {
  const ca = readFileSync(join(directory, 'ca.crt'), 'utf8');
  const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.yaml'));
  print(
    `podscrape answers at ${paint('cyan', 'https://127.0.0.1')}; sending it the Pods of ${files.length} examples.`,
  );
  for (const file of files) await showExample(join(import.meta.dirname, file), ca);
} finally {
  child.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
}

/** Runs the CLI itself, on free ports, with a certificate of its own making. */
async function startWebhook(): Promise<{ readonly child: ChildProcess; readonly url: string }> {
  const args = [
    'serve',
    '--host',
    '127.0.0.1',
    '--port',
    '0',
    '--health-host',
    '127.0.0.1',
    '--health-port',
    '0',
  ];
  const cli = join(import.meta.dirname, '..', 'src', 'cli.ts');
  const webhook = spawn(process.execPath, [cli, ...args, '--cert-dir', directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: webhook.stdout })) {
    const entry = JSON.parse(line) as { readonly msg: string; readonly webhook?: string };
    if (entry.msg === 'serving' && entry.webhook !== undefined) {
      webhook.stdout.resume();
      return { child: webhook, url: entry.webhook };
    }
  }
  throw new Error('the webhook ended before it served; its message is above');
}

async function showExample(file: string, ca: string): Promise<void> {
  print(`\n${paint('bold', `── ${basename(file)} `.padEnd(100, '─'))}`);
  const objects = parseAllDocuments(readFileSync(file, 'utf8')).map(
    (document) => document.toJS() as KubeObject,
  );
  const namespaces = objects.filter((object) => object.kind === 'Namespace');
  for (const workload of objects) {
    const template = workload.spec?.template;
    if (template === undefined) continue;
    const namespace = workload.metadata.namespace ?? 'default';
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      ...template,
      metadata: { generateName: `${workload.metadata.name}-`, ...template.metadata },
    };
    const labels = namespaces.find(({ metadata }) => metadata.name === namespace)?.metadata.labels ?? {};
    // The same choice that the webhook configuration's entries make.
    const path = labels['podscrape.dev/inject'] === 'enabled' ? '/mutate/namespace' : '/mutate/object';
    const { response } = await post(`${url}${path}`, review(pod, namespace), ca);
    print(`\n${paint('bold', `${workload.kind}/${workload.metadata.name}`)} in ${namespace}`);
    showChange(pod, response.patch);
    for (const warning of response.warnings ?? []) print(`  ${paint('yellow', 'warning')} ${warning}`);
    const targets = response.auditAnnotations?.targets ?? '';
    for (const target of targets.split(',').filter((text) => text !== ''))
      print(`  ${paint('cyan', 'target')} ${target}`);
  }
}

function review(pod: object, namespace: string): object {
  const kind = { group: '', version: 'v1', kind: 'Pod' };
  const resource = { group: '', version: 'v1', resource: 'pods' };
  const admission = {
    uid: randomUUID(),
    kind,
    resource,
    namespace,
    operation: 'CREATE',
    object: pod,
    oldObject: null,
    dryRun: false,
  };
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: admission };
}

function post(target: string, body: object, ca: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { method: 'POST', ca, headers: { 'content-type': 'application/json' } };
    const outgoing = request(target, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve(JSON.parse(Buffer.concat(chunks).toString()) as Answer));
    });
    outgoing.on('error', reject);
    outgoing.end(JSON.stringify(body));
  });
}

/** The difference as YAML, long values cut, as one would read it in a review. */
function showChange(before: object, patch: string | undefined): void {
  if (patch === undefined) {
    print(paint('dim', '  unchanged'));
    return;
  }
  const operations = JSON.parse(Buffer.from(patch, 'base64').toString()) as fastJsonPatch.Operation[];
  const after: object = fastJsonPatch.applyPatch(structuredClone(before), operations).newDocument;
  const lines = structuredPatch('', '', yaml(before), yaml(after), '', '', { context: 2 }).hunks.flatMap(
    (hunk) => hunk.lines,
  );
  for (const line of lines) {
    if (line.startsWith('+')) print(`  ${paint('green', line)}`);
    else if (line.startsWith('-')) print(`  ${paint('red', line)}`);
    else print(`  ${paint('dim', line)}`);
  }
}

/** A value of several lines is a file that travels in an annotation; its first line tells which. */
function yaml(value: object): string {
  const short = JSON.stringify(value, (_key, entry: unknown) =>
    typeof entry === 'string' && (entry.length > LONGEST || entry.includes('\n')) && !entry.startsWith('-')
      ? `${(entry.split('\n', 1)[0] ?? '').slice(0, LONGEST)} …`
      : entry,
  );
  return stringify(JSON.parse(short), { lineWidth: 0 });
}
