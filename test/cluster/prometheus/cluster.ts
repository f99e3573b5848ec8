import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMap, isSeq, parseDocument } from 'yaml';
import type { Document } from 'yaml';

import type { Cluster } from '../../../src/prometheus/jobs/options.ts';
import type { PrometheusConfig, ScrapeConfig } from '../../../src/prometheus/scrape-config.ts';
import type { ControlPlane } from '../control-plane.ts';

/**
 * How a Prometheus outside the cluster reaches the API server of a control plane: its address, a file with a token, that of
 * `admin` unless another is given, and one with the CA. The files go with the plane.
 */
export function clusterAccess(plane: ControlPlane, token = plane.adminToken): Cluster {
  const file = join(plane.dataDir, `prometheus-token-${randomBytes(6).toString('hex')}`);
  writeFileSync(file, token, { mode: 0o600 });
  return {
    api_server: plane.url,
    authorization: { credentials_file: file },
    tls_config: { ca_file: plane.caFile },
  };
}

/** A token of a ServiceAccount, as its Pods would have. Errors: the API server gives none. */
export async function serviceAccountToken(
  plane: ControlPlane,
  namespace: string,
  name: string,
): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
  const answer = await plane.request<{ status?: { token?: string }; message?: string }>('POST', path, body);
  const token = answer.body.status?.token;
  if (token === undefined) throw new Error(`${path}: ${answer.body.message ?? `status ${answer.status}`}`);
  return token;
}

/** A configuration, a job, or a list of jobs: as objects or as their text. */
export type Configuration = string | PrometheusConfig | ScrapeConfig | readonly ScrapeConfig[];

/**
 * The text of a whole configuration in which every `kubernetes_sd_configs` reaches the cluster; what else the text says
 * stays as it is. Errors: it has none of them, so that it would find nothing.
 */
export function withCluster(configuration: Configuration, cluster: Cluster): string {
  const given = parseDocument(
    typeof configuration === 'string' ? configuration : JSON.stringify(configuration),
  );
  if (given.errors[0] !== undefined) throw given.errors[0];
  const document = wholeOf(given);
  let count = 0;
  const jobs = document.get('scrape_configs');
  for (const job of isSeq(jobs) ? jobs.items : []) {
    const discovery = isMap(job) ? job.get('kubernetes_sd_configs') : undefined;
    for (const one of isSeq(discovery) ? discovery.items : []) {
      if (!isMap(one)) continue;
      count += 1;
      for (const [key, value] of Object.entries(cluster)) one.set(key, document.createNode(value));
    }
  }
  if (count === 0) throw new Error('the configuration has no kubernetes_sd_configs');
  return document.toString({ lineWidth: 0 });
}

/** The document, wrapped where it is a job or a list of jobs. */
function wholeOf(given: Document): Document {
  if (isMap(given.contents) && !given.has('job_name')) return given;
  const jobs: unknown = isMap(given.contents) ? [given.contents] : given.contents;
  const document = parseDocument('scrape_configs: []');
  document.set('scrape_configs', document.createNode(jobs));
  return document;
}
