/** Why a scrape failed, as Prometheus' `lastError` tells it, and what to do about it. */
export interface Cause {
  readonly code: CauseCode;
  readonly cause: string;
  readonly remedy: string;
}

/** The words never change their meaning once released. */
export type CauseCode =
  | 'refused'
  | 'timeout'
  | 'unreachable'
  | 'name'
  | 'not-found'
  | 'unauthorized'
  | 'forbidden'
  | 'http-on-https'
  | 'https-on-http'
  | 'unknown-ca'
  | 'wrong-name'
  | 'expired'
  | 'client-certificate'
  | 'tls'
  | 'redirects'
  | 'status'
  | 'content-type'
  | 'format'
  | 'body-limit'
  | 'sample-limit'
  | 'credentials'
  | 'closed'
  | 'other';

interface Row {
  readonly code: CauseCode;
  readonly pattern: RegExp;
  readonly cause: string;
  readonly remedy: string;
}

/**
 * The first that matches. Patterns are of Prometheus 3.15 and Go's libraries (`scrape/scrape.go`,
 * `model/textparse/interface.go`, `net/http`, `crypto/tls`, `crypto/x509`); `$1` is what they found.
 */
const CAUSES: readonly Row[] = [
  {
    code: 'refused',
    pattern: /connection refused/,
    cause: 'nothing listens on that port of the Pod’s address',
    remedy: 'check the port, and that the process listens on 0.0.0.0 or [::], not on the loopback alone',
  },
  {
    code: 'name',
    pattern: /lookup (\S+) .*no such host/,
    cause: 'the name $1 has no address',
    remedy: 'look for the rule that rewrites __address__; a Pod is scraped by its address',
  },
  {
    code: 'unreachable',
    pattern: /no route to host|network is unreachable|dial tcp .*: i\/o timeout/,
    cause: 'no packet gets to the Pod',
    remedy:
      'look for NetworkPolicies and firewalls between Prometheus and the Pod, and whether the Pod still exists',
  },
  {
    code: 'timeout',
    pattern: /context deadline exceeded|Client\.Timeout|i\/o timeout/,
    cause: 'no whole answer within the timeout',
    remedy:
      'see how long the path takes; raise timeout and interval, make the path faster, or look for a NetworkPolicy that swallows packets',
  },
  {
    code: 'not-found',
    pattern: /HTTP status 404\b/,
    cause: 'the port answers, but not at that path',
    remedy: 'set the path that serves metrics',
  },
  {
    code: 'unauthorized',
    pattern: /HTTP status 401\b/,
    cause: 'the target wants credentials, and got none that it takes',
    remedy: 'give the job authorization, basic_auth or oauth2',
  },
  {
    code: 'forbidden',
    pattern: /HTTP status 403\b/,
    cause: 'the target knows who asks, and refuses',
    remedy:
      'let Prometheus’ identity read the path (for controllers: a ClusterRole with nonResourceURLs: /metrics)',
  },
  {
    code: 'http-on-https',
    pattern: /malformed HTTP response "\\x1[56]\\x03|HTTP status 400\b/,
    cause: 'the answer is what an https port gives to http, or the server finds the request bad',
    remedy: 'set the scheme to https if the port speaks it; else see what the server logs',
  },
  {
    code: 'https-on-http',
    pattern: /server gave HTTP response to HTTPS client|first record does not look like a TLS handshake/,
    cause: 'the port speaks http, and https was asked',
    remedy: 'set the scheme to http',
  },
  {
    code: 'client-certificate',
    pattern: /tls: (?:certificate required|bad certificate)/,
    cause: 'the target wants a client certificate that it trusts (mutual TLS)',
    remedy:
      'give the job tls_config.cert_file and key_file; under Istio with STRICT mTLS scrape its merged port 15020',
  },
  {
    code: 'expired',
    pattern: /certificate has expired or is not yet valid/,
    cause: 'the target’s certificate has expired or is not yet valid',
    remedy: 'renew it, and see that the process loads it anew',
  },
  {
    code: 'unknown-ca',
    pattern: /certificate signed by unknown authority|unable to (?:load|use) specified CA cert/,
    cause: 'Prometheus does not know the authority that signed the target’s certificate',
    remedy: 'give the job tls_config.ca_file, or insecure_skip_verify: true where that is acceptable',
  },
  {
    code: 'wrong-name',
    pattern:
      /x509: (?:certificate is valid for (.+), not|cannot validate certificate|certificate is not valid)/,
    cause: 'the target’s certificate is for other names than its address',
    remedy: 'give the job tls_config.server_name with a name that the certificate has',
  },
  {
    code: 'tls',
    pattern: /\btls: (.+)/,
    cause: 'TLS failed: $1',
    remedy: 'compare the job’s tls_config with what the target asks',
  },
  {
    code: 'credentials',
    pattern: /unable to read (?:file |authorization credentials|.*password)/,
    cause: 'Prometheus cannot read its own credentials',
    remedy: 'mount the file that the job names into Prometheus’ Pod',
  },
  {
    code: 'redirects',
    pattern: /stopped after \d+ redirects/,
    cause: 'the path redirects in a circle',
    remedy: 'set the path that serves metrics, without a login before it',
  },
  {
    code: 'status',
    pattern: /HTTP status (\d+.*)/,
    cause: 'the target answers $1',
    remedy: 'see what it logs for that path',
  },
  {
    code: 'body-limit',
    pattern: /body size limit exceeded/,
    cause: 'the answer is larger than the job’s body_size_limit',
    remedy: 'have it export less, or raise the limit',
  },
  {
    code: 'sample-limit',
    pattern: /(sample limit|bucket limit|label_limit|label_\w+_length_limit|target_limit) exceeded/,
    cause: 'there is more than the job allows: $1',
    remedy: 'have it export less, or raise the limit',
  },
  {
    code: 'content-type',
    pattern: /Content-Type(?: ("[^"]*"))?/,
    cause: 'the answer says it is no metrics format: Content-Type $1',
    remedy:
      'set the path that serves metrics; if it is that one, set fallback_scrape_protocol: PrometheusText0.0.4',
  },
  {
    code: 'format',
    pattern:
      /while parsing|does not end with # EOF|expected .*, got|invalid metric name|gzip: invalid header/,
    cause: 'the answer is not what it says it is: the metrics cannot be read',
    remedy: 'open the URL and look at the line; is it a page for people, or JSON?',
  },
  {
    code: 'closed',
    pattern: /\bEOF$|connection reset by peer|transport connection broken|malformed HTTP/,
    cause: 'the connection was closed without an answer in HTTP',
    remedy: 'the port may speak https, gRPC or a protocol of its own: check port and scheme',
  },
];

/** The cause of a failed scrape; what no row knows is told as it is. */
export function causeOf(lastError: string): Cause {
  for (const { code, pattern, cause, remedy } of CAUSES) {
    const match = pattern.exec(lastError);
    if (match !== null) return { code, cause: cause.replace('$1', () => match[1] ?? 'is missing'), remedy };
  }
  return { code: 'other', cause: lastError, remedy: 'see Prometheus’ log, and open the URL from its Pod' };
}
