import { readFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';

import { ioReason } from '../core/io-reason.ts';
import { isRecord } from '../core/record.ts';
import { clip, withoutControlCharacters } from '../core/text.ts';
import type { ActiveTarget, DroppedTarget, RunningTargets } from '../prometheus/explain-health.ts';
import { makeLabels } from '../prometheus/labels.ts';
import type { Labels } from '../prometheus/labels.ts';

/** A Prometheus that cannot be asked: the message names it, the fault and the remedy. */
export class PrometheusApiError extends Error {
  override readonly name = 'PrometheusApiError';
}

export interface PrometheusApiOptions {
  /** `http://HOST:PORT`, and a path where Prometheus is behind one (`--web.route-prefix`). */
  readonly url: string;
  readonly tokenFile?: string;
  readonly caFile?: string;
  /** For one answer; another one in tests. */
  readonly answerMs?: number;
  /** Of one answer, in bytes; another one in tests. */
  readonly mostBytes?: number;
}

const ANSWER_MS = 30_000;
/** Some ten thousand targets. */
const MOST_BYTES = 128 * 1024 * 1024;

/** A running Prometheus' HTTP API. Errors of every method: PrometheusApiError. */
export class PrometheusApi {
  readonly #options: PrometheusApiOptions;
  readonly #base: URL;
  #access: Promise<Access> | undefined;

  /** Errors: PrometheusApiError for what is no URL. */
  constructor(options: PrometheusApiOptions) {
    const base = URL.parse(options.url);
    if (base === null || !/^https?:$/.test(base.protocol))
      throw new PrometheusApiError(`${clip(options.url, 80)} is no http:// or https:// URL`);
    this.#options = options;
    this.#base = base;
  }

  /** For people: without a password that the URL may hold. */
  get name(): string {
    const { origin, pathname } = this.#base;
    return `${origin}${pathname.replace(/\/+$/, '')}`;
  }

  /** All targets, or those of some jobs. */
  async targets(jobs: readonly string[] = []): Promise<RunningTargets> {
    const queries = jobs.length === 0 ? [''] : jobs.map((job) => `&scrapePool=${encodeURIComponent(job)}`);
    const parts: RunningTargets[] = [];
    for (const query of queries) {
      const data = await this.#get(`/api/v1/targets?state=any${query}`);
      const { activeTargets, droppedTargets, droppedTargetCounts } = isRecord(data) ? data : {};
      if (!Array.isArray(activeTargets) || !(Array.isArray(droppedTargets) || droppedTargets === null))
        throw this.#fault('its answer has no targets; is it a Prometheus?');
      const counts = isRecord(droppedTargetCounts) ? droppedTargetCounts : {};
      parts.push({
        active: activeTargets.flatMap(activeTarget),
        dropped: (droppedTargets ?? []).flatMap(droppedTarget),
        droppedCounts: Object.fromEntries(
          Object.entries(counts).flatMap(([job, count]) => (typeof count === 'number' ? [[job, count]] : [])),
        ),
      });
    }
    return {
      active: parts.flatMap(({ active }) => active),
      dropped: parts.flatMap(({ dropped }) => dropped),
      droppedCounts: Object.assign(
        {},
        ...parts.map(({ droppedCounts }) => droppedCounts),
      ) as RunningTargets['droppedCounts'],
    };
  }

  /** The configuration in force, with its secrets left out. */
  async config(): Promise<string> {
    const data = await this.#get('/api/v1/status/config');
    const yaml = isRecord(data) ? data['yaml'] : undefined;
    if (typeof yaml !== 'string') throw this.#fault('its answer has no configuration; is it a Prometheus?');
    return yaml;
  }

  async #get(path: string): Promise<unknown> {
    const { answerMs = ANSWER_MS, mostBytes = MOST_BYTES } = this.#options;
    // One command is over before a token can be renewed.
    this.#access ??= accessOf(this.#options);
    const access = await this.#access;
    const signal = AbortSignal.timeout(answerMs);
    try {
      const response = await this.#request(path, access, signal);
      const text = await bodyOf(response, mostBytes);
      const status = response.statusCode ?? 0;
      if (text === undefined)
        throw this.#fault(
          `its answer is larger than ${Math.floor(mostBytes / 1024 / 1024)} MiB; limit it with --job`,
        );
      return this.#dataOf(status, text, response);
    } catch (error) {
      if (error instanceof PrometheusApiError) throw error;
      throw this.#fault(
        signal.aborted
          ? `no answer within ${answerMs / 1000} s`
          : connectionReason(error, this.#options.caFile),
      );
    }
  }

  async #request(path: string, { token, ca }: Access, signal: AbortSignal): Promise<IncomingMessage> {
    const { protocol, username, password } = this.#base;
    const url = new URL(`${this.name}${path}`);
    const auth =
      username === '' ? {} : { auth: `${decodeURIComponent(username)}:${decodeURIComponent(password)}` };
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const headers = { accept: 'application/json', 'user-agent': 'podscrape', ...authorization };
    const options = { ...auth, headers, signal, ...(ca === undefined ? {} : { ca }) };
    return new Promise((resolve, reject) => {
      const request = (protocol === 'https:' ? httpsRequest : httpRequest)(url, options, resolve);
      request.on('error', reject);
      request.end();
    });
  }

  #dataOf(status: number, text: string, response: IncomingMessage): unknown {
    if (status >= 300 && status < 400)
      throw this.#fault(
        `it redirects to ${clip(response.headers.location ?? 'nowhere', 80)}; give that URL, or a token`,
      );
    if (status === 401 || status === 403) throw this.#fault(this.#refused(status, response));
    if (status === 503) throw this.#fault('it is not ready (HTTP 503); try again, or see its log');
    let answer: unknown;
    try {
      answer = JSON.parse(text);
    } catch {
      const what = /^\s*</.test(text) ? 'a page for people' : 'no JSON';
      throw this.#fault(
        `it answered with ${what} (HTTP ${status}) where a Prometheus has its API; is the URL right, and a path before /api needed?`,
      );
    }
    if (!isRecord(answer)) throw this.#fault('its answer is not that of a Prometheus');
    if (answer['status'] === 'success') return answer['data'];
    const message =
      typeof answer['error'] === 'string' ? answer['error'] : 'its answer is not that of a Prometheus';
    throw this.#fault(`HTTP ${status}: ${clip(withoutControlCharacters(message), 200)}`);
  }

  /** Prometheus itself knows Basic authentication only; tokens are asked for by what stands before it. */
  #refused(status: number, { headers }: IncomingMessage): string {
    const isBasic = /^basic\b/i.test(headers['www-authenticate'] ?? '');
    const { tokenFile } = this.#options;
    const hasPassword = this.#base.username !== '';
    if (isBasic)
      return hasPassword
        ? `it does not take the user and password of the URL (HTTP ${status})`
        : `it wants a user and a password (HTTP ${status}); give --prometheus ${this.#base.protocol}//USER:PASSWORD@${this.#base.host}`;
    if (tokenFile === undefined)
      return `it wants credentials (HTTP ${status}); give a bearer token with --prometheus-token-file`;
    return status === 401
      ? `it does not take the token of ${tokenFile} (HTTP 401); renew it`
      : `it knows the token of ${tokenFile}, and refuses (HTTP 403); give its user the right to ask`;
  }

  #fault(message: string): PrometheusApiError {
    return new PrometheusApiError(`${this.name}: ${message}`);
  }
}

/** What the files of the options hold. */
interface Access {
  readonly token: string | undefined;
  readonly ca: string | undefined;
}

/** Errors: PrometheusApiError, which names the file. */
async function accessOf({ tokenFile, caFile }: PrometheusApiOptions): Promise<Access> {
  const [token, ca] = await Promise.all([textOfFile(tokenFile), textOfFile(caFile)]);
  // What RFC 6750 allows in a header; anything else is another file, whose text must not be sent.
  if (token !== undefined && !/^[-\w.~+/]+=*$/.test(token.trim()))
    throw new PrometheusApiError(
      `${tokenFile}: is no bearer token; one line of letters, digits and -._~+/ is wanted`,
    );
  // Node takes any text for a CA, and then trusts nobody.
  if (ca !== undefined && !ca.includes('-----BEGIN CERTIFICATE-----'))
    throw new PrometheusApiError(`${caFile}: has no certificate in PEM (-----BEGIN CERTIFICATE-----)`);
  return { token: token?.trim(), ca };
}

async function textOfFile(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new PrometheusApiError(`${file}: ${ioReason(error)}`);
  }
}

/** Undefined where there is more than the limit. */
async function bodyOf(response: IncomingMessage, mostBytes: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > mostBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** What Node's error codes mean to a person. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there; is it port-forwarded (kubectl port-forward svc/prometheus 9090)?',
  ENOTFOUND:
    'there is no such host; a Service’s name is known in its cluster alone (kubectl port-forward svc/prometheus 9090)',
  EAI_AGAIN: 'the name cannot be looked up now; try again, or give an address',
  ECONNRESET: 'it closed the connection; is it https:// in place of http://, or the other way round?',
  EHOSTUNREACH: 'there is no way to the host; is a VPN or a port-forward missing?',
  EPROTO: 'it does not speak TLS there; is it http://?',
  HPE_INVALID_CONSTANT: 'it does not speak HTTP there; is it https://?',
  CERT_HAS_EXPIRED: 'its certificate has expired; renew it',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name; give the URL with a name that it has',
};

const UNKNOWN_CA = /SELF_SIGNED|UNABLE_TO_(?:VERIFY|GET_ISSUER)/;

function connectionReason(error: unknown, caFile: string | undefined): string {
  const { code, message, errors } = error as NodeJS.ErrnoException & { readonly errors?: unknown[] };
  const known = code ?? '';
  if (UNKNOWN_CA.test(known))
    return caFile === undefined
      ? 'its certificate is signed by nobody known; give --prometheus-ca-file'
      : `its certificate is signed by none of ${caFile}; give the CA that signed it`;
  if (Object.hasOwn(REASONS, known)) return REASONS[known] ?? message;
  // A name with several addresses fails with an error for each.
  return errors?.[0] !== undefined && message === '' ? connectionReason(errors[0], caFile) : message;
}

function activeTarget(value: unknown): readonly ActiveTarget[] {
  if (!isRecord(value)) return [];
  const { health } = value;
  return [
    {
      discovered: labelsOf(value['discoveredLabels']),
      job: textOf(value['scrapePool']),
      url: textOf(value['scrapeUrl']),
      health: health === 'up' || health === 'down' ? health : 'unknown',
      lastError: textOf(value['lastError']),
      duration: typeof value['lastScrapeDuration'] === 'number' ? value['lastScrapeDuration'] : 0,
      interval: textOf(value['scrapeInterval']),
      timeout: textOf(value['scrapeTimeout']),
    },
  ];
}

function droppedTarget(value: unknown): readonly DroppedTarget[] {
  if (!isRecord(value)) return [];
  return [{ discovered: labelsOf(value['discoveredLabels']), job: textOf(value['scrapePool']) }];
}

function labelsOf(value: unknown): Labels {
  if (!isRecord(value)) return new Map();
  return makeLabels(Object.entries(value).map(([name, text]) => [name, textOf(text)]));
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
