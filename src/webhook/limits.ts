const MIB = 1024 * 1024;

/** What the edge allows; times in milliseconds. Tests shorten them. */
export interface ServerLimits {
  readonly bodyBytes: number;
  /** Of one body: what is parsed takes memory by its values, not by its bytes. */
  readonly bodyValues: number;
  /** Of all requests together. A body takes three times its size while it is decoded and parsed. */
  readonly inFlightBytes: number;
  /** From the first byte of a request to the last one of its body. */
  readonly receiveMs: number;
  readonly handshakeMs: number;
  /** Connections that are open and have never sent a request. */
  readonly maxSilent: number;
  /** The event loop's delay beyond which requests are sent away for a second. */
  readonly maxLagMs: number;
  /** How long a client that is refused in mid-body may take to read the answer. */
  readonly lingerMs: number;
  readonly keepAliveMs: number;
  readonly headersMs: number;
  readonly requestMs: number;
  /** How long draining waits for requests under way; more than `receiveMs`. */
  readonly drainMs: number;
  /** Between the last 200 and the closing of idle connections: a request may just be on its way in one. */
  readonly settleMs: number;
}

export const LIMITS: ServerLimits = {
  // A 100 KB Pod can become an AdmissionReview of 7.1 MB; the apiserver sends none of more than about that.
  bodyBytes: 7 * MIB,
  // etcd takes objects of 1.5 MiB. The Pods that people write have some hundred values, and the largest some thousand.
  bodyValues: 100_000,
  inFlightBytes: 48 * MIB,
  receiveMs: 10_000,
  handshakeMs: 10_000,
  maxSilent: 1_000,
  maxLagMs: 1_000,
  lingerMs: 5_000,
  // Go's client, which the apiserver is, drops idle connections after 90 s and does not retry a POST on one that the
  // server closed under it. So everything that ends a quiet connection comes later than that; Node counts headersMs
  // from the opening of a connection and wants requestMs to be no shorter.
  keepAliveMs: 120_000,
  headersMs: 100_000,
  requestMs: 110_000,
  drainMs: 12_000,
  settleMs: 500,
};
