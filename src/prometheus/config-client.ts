import { oneOf } from '../core/text.ts';
import type { Report } from './job.ts';
import type { TlsClientConfig } from './scrape-config.ts';

/** Keys of an HTTP client, in a job as in a discovery, that podscrape never writes. */
export interface ReadClient {
  readonly bearer_token?: string;
  readonly bearer_token_file?: string;
  readonly follow_redirects?: boolean;
  readonly enable_http2?: boolean;
  readonly proxy_from_environment?: boolean;
  readonly proxy_url?: string;
  readonly no_proxy?: string;
  readonly proxy_connect_header?: Readonly<Record<string, unknown>>;
  readonly http_headers?: Readonly<Record<string, unknown>>;
}

/** Any client, as it is read from a file. */
type Client = ReadClient & { readonly tls_config?: TlsClientConfig } & {
  readonly [way in 'basic_auth' | 'authorization' | 'oauth2']?: unknown;
};

type Fields = Readonly<Record<string, unknown>>;

const WAYS = ['basic_auth', 'authorization', 'oauth2', 'bearer_token', 'bearer_token_file'] as const;

/** The ways to prove who one is that are set. */
export function waysOf(config: Client): readonly string[] {
  return WAYS.filter((way) => config[way] !== undefined && config[way] !== '');
}

/** What Prometheus refuses of an HTTP client (prometheus/common `config`, HTTPClientConfig.Validate). */
export function checkClient(config: Client, path: readonly string[], report: Report): void {
  checkProxy(config, path, report);
  checkTls(config.tls_config, [...path, 'tls_config'], report);
  checkHeaders(config, path, report);
  const [first, second] = waysOf(config);
  if (first !== undefined && second !== undefined)
    report([...path, second], `goes not together with ${first}; leave one of them out`);
  const { basic_auth, authorization, oauth2 } = config as Readonly<Record<string, Fields | undefined>>;
  onlyOne(basic_auth, ['username', 'username_file', 'username_ref'], [...path, 'basic_auth'], report);
  onlyOne(basic_auth, ['password', 'password_file', 'password_ref'], [...path, 'basic_auth'], report);
  const credentials = ['credentials', 'credentials_file', 'credentials_ref'];
  onlyOne(authorization, credentials, [...path, 'authorization'], report);
  const type = authorization?.['type'];
  if (typeof type === 'string' && type.trim().toLowerCase() === 'basic')
    report([...path, 'authorization', 'type'], 'is not for Basic; write basic_auth instead');
  if (oauth2 !== undefined) checkOAuth2(oauth2, [...path, 'oauth2'], report);
}

const JWT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const ALGORITHMS = ['RS256', 'RS384', 'RS512'];

function checkOAuth2(oauth2: Fields, path: readonly string[], report: Report): void {
  checkProxy(oauth2, path, report);
  checkTls(oauth2['tls_config'] as TlsClientConfig | undefined, [...path, 'tls_config'], report);
  for (const key of ['client_id', 'token_url']) {
    if (!oauth2[key]) report([...path, key], 'is missing; OAuth 2.0 does not work without it');
  }
  const isJwt = oauth2['grant_type'] === JWT;
  const key = isJwt ? 'client_certificate_key' : 'client_secret';
  onlyOne(oauth2, [key, `${key}_file`, `${key}_ref`], path, report);
  const { signature_algorithm: algorithm = '' } = oauth2;
  if (isJwt && algorithm !== '' && !ALGORITHMS.some((known) => known === algorithm))
    report([...path, 'signature_algorithm'], `is not ${oneOf(ALGORITHMS)}`);
}

/** prometheus/common `config`, TLSConfig.Validate. */
function checkTls(tls: TlsClientConfig | undefined, path: readonly string[], report: Report): void {
  const fields = (tls ?? {}) as Fields;
  const sets = ['ca', 'cert', 'key'].map((key) => [key, `${key}_file`, `${key}_ref`] as const);
  for (const keys of sets) onlyOne(fields, keys, path, report);
  const [, cert, key] = sets.map((keys) => keys.find((name) => isSet(fields[name])));
  if (cert !== undefined && key === undefined)
    report([...path, cert], 'is a certificate without its key; give key_file too');
  if (key !== undefined && cert === undefined)
    report([...path, key], 'is the key of no certificate; give cert_file too');
}

/** Headers that Prometheus sets itself, or that have keys of their own (prometheus/common `config`, ReservedHeaders). */
const RESERVED: Readonly<Record<string, string>> = {
  authorization: 'write authorization instead',
  host: 'Prometheus sets it from the address',
  'user-agent': 'Prometheus sets it',
  ...Object.fromEntries(
    [
      ...['content-encoding', 'content-length', 'content-type', 'connection', 'keep-alive'],
      ...['proxy-authenticate', 'proxy-authorization', 'www-authenticate', 'accept-encoding'],
      ...['x-prometheus-remote-write-version', 'x-prometheus-remote-read-version'],
      ...['x-prometheus-scrape-timeout-seconds'],
      ...['x-amz-date', 'x-amz-security-token', 'x-amz-content-sha256'],
    ].map((name) => [name, 'leave it out']),
  ),
};

function checkHeaders({ http_headers = {} }: Client, path: readonly string[], report: Report): void {
  for (const name of Object.keys(http_headers)) {
    const known = name.toLowerCase();
    if (Object.hasOwn(RESERVED, known))
      report(
        [...path, 'http_headers', name],
        `is a header that Prometheus does not let set; ${RESERVED[known] ?? ''}`,
      );
  }
}

/** prometheus/common `config`, ProxyConfig.Validate. */
function checkProxy(config: ReadClient, path: readonly string[], report: Report): void {
  const { proxy_from_environment, proxy_url, no_proxy = '', proxy_connect_header = {} } = config;
  const isFromEnvironment = proxy_from_environment === true;
  if (isFromEnvironment && isSet(proxy_url))
    report([...path, 'proxy_url'], 'goes not together with proxy_from_environment; leave one of them out');
  if (isFromEnvironment && no_proxy !== '')
    report([...path, 'no_proxy'], 'goes not together with proxy_from_environment; leave one of them out');
  if (isFromEnvironment || isSet(proxy_url)) return;
  // An empty one counts as one here.
  if (no_proxy !== '' && proxy_url === undefined)
    report([...path, 'no_proxy'], 'is for a proxy_url; name that too, or leave this out');
  if (Object.keys(proxy_connect_header).length > 0)
    report([...path, 'proxy_connect_header'], 'is for a proxy_url; name that too, or leave this out');
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== '';
}

function onlyOne(
  config: Fields | undefined,
  keys: readonly string[],
  path: readonly string[],
  report: Report,
): void {
  const [first, second] = keys.filter((key) => isSet(config?.[key]));
  if (first !== undefined && second !== undefined)
    report([...path, second], `goes not together with ${first}; leave one of them out`);
}
