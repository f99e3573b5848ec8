import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, parseAllDocuments, stringify } from 'yaml';

import type { ConfigFile } from '../../../src/config/schema.ts';
import type { PodOrigin } from '../../../src/prometheus/explain-pod.ts';
import { BUILT_IN_EXPORTERS } from '../../../src/profiles/index.ts';
import type { ImageEntry } from '../kubelet/kubelet.ts';

const EXAMPLES = join(import.meta.dirname, '../../../examples');

/** Manifests with workloads. */
export interface Example {
  readonly name: string;
  readonly text: string;
  readonly workloads: readonly Workload[];
}

/** What Pods come from, and how many. */
export interface Workload extends PodOrigin {
  readonly replicas: number;
}

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec?: {
    readonly replicas?: number;
    readonly template?: { readonly spec: { readonly containers: readonly { readonly image: string }[] } };
  };
}

function yamlFiles(folder: string): readonly { readonly name: string; readonly text: string }[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.yaml'));
  return files
    .sort()
    .map((file) => ({ name: file.replace('.yaml', ''), text: readFileSync(join(folder, file), 'utf8') }));
}

function objectsOf(text: string): readonly Manifest[] {
  return parseAllDocuments(text).map((document) => document.toJS() as Manifest);
}

function exampleOf(name: string, text: string): Example {
  const workloads = objectsOf(text).flatMap(({ kind, metadata, spec }) =>
    spec?.template === undefined ? [] : [{ kind, ...metadata, replicas: spec.replicas ?? 1 }],
  );
  return { name, text, workloads };
}

/** The profiles of the examples, in one configuration. */
export function exampleConfig(): ConfigFile {
  const files = yamlFiles(join(EXAMPLES, 'profiles')).map(({ text }) => parse(text) as ConfigFile);
  return files.reduce<Pick<ConfigFile, 'profiles' | 'exporters'>>(
    (all, { profiles, exporters }) => ({
      profiles: { ...all.profiles, ...profiles },
      exporters: { ...all.exporters, ...exporters },
    }),
    {},
  );
}

/** Every example, and a Deployment for each profile of the examples. */
export function examples(): readonly Example[] {
  const manifests = yamlFiles(EXAMPLES).map(({ name, text }) => exampleOf(name, text));
  const profiles = yamlFiles(join(EXAMPLES, 'profiles')).map(({ name }) => {
    const annotations = {
      'podscrape.dev/profile': name,
      // Those that connect to a database want to know with which password.
      ...(/mysql|pgbouncer/.test(name) ? { 'podscrape.dev/exporter-secret': 'shop-db/dsn' } : {}),
    };
    const metadata = { name, namespace: 'profiles' };
    const labels = { app: name };
    const spec = {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels, annotations },
        spec: { containers: [{ name: 'app', image: 'example.test/app', ports: [{ containerPort: 8000 }] }] },
      },
    };
    const objects = [
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'profiles' } },
      { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec },
    ];
    return exampleOf(`profile ${name}`, objects.map((object) => stringify(object)).join('---\n'));
  });
  return [...manifests, ...profiles];
}

/** For every image one that does nothing, for as long as it is let. */
export function standIns(): { readonly images: Record<string, ImageEntry>; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'podscrape-stand-in-'));
  chmodSync(folder, 0o755);
  // The command that the examples call by its name; whatever its arguments are, they are none of the shell's.
  const gunicorn = '#!/bin/sh\ntrap "exit 0" TERM\nsleep 1000000 &\nwait\n';
  writeFileSync(join(folder, 'gunicorn'), gunicorn, { mode: 0o755 });
  const entry: ImageEntry = {
    entrypoint: ['/stand-in/gunicorn'],
    env: { PATH: '/stand-in:/usr/bin:/bin' },
    user: 65534,
    binds: [{ from: folder, to: '/stand-in' }],
  };
  const used = examples().flatMap(({ text }) =>
    objectsOf(text).flatMap(({ spec }) => spec?.template?.spec.containers.map(({ image }) => image) ?? []),
  );
  const exporters = Object.values(exampleConfig().exporters ?? {}).map((exporter) => exporter.image ?? '');
  const all = [...used, ...exporters, ...BUILT_IN_EXPORTERS.map(({ image }) => image)];
  const images = Object.fromEntries(all.map((image) => [image, entry]));
  return { images, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
