import { setTimeout as sleep } from 'node:timers/promises';

import type { ApiServer } from '../kube/api-server.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { readContents, SECRET_KEYS } from './held.ts';
import type { Contents, Reading } from './held.ts';
import type { AlternativeName } from './names.ts';
import { Pace } from './pace.ts';
import { plan } from './plan.ts';
import type { Step, Wish } from './plan.ts';
import { DONE, skewText, wrongWith } from './secret-words.ts';
import { SecretStore } from './secret-store.ts';
import type { Stored, Written } from './secret-store.ts';
import type { Certificate } from './source.ts';
import { perform } from './steps.ts';

/** Where certificates are kept, for whom they are made, and who is told. */
export interface SecretSourceOptions {
  readonly server: ApiServer;
  readonly namespace: string;
  readonly name: string;
  readonly names: readonly AlternativeName[];
  readonly wish: () => Wish;
  /** Only the leader takes steps that can wait. */
  readonly leads: () => boolean;
  /** Since when all clients are told to trust this bundle, in milliseconds since 1970. */
  readonly publishedSince: (bundle: string) => number | undefined;
  readonly onCertificate: (certificate: Certificate) => void;
  readonly onBundle: () => void;
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'certificateRenewed' | 'authorityNotAfter'>;
  readonly clock: () => Date;
}

/** What was last in the Secret and good. */
interface Good {
  readonly contents: Contents;
  readonly reading: Reading;
}

/** Between two looks at the plan when nothing happens, in milliseconds; shorter for short lives. */
const LONGEST_WAIT_MS = 30_000;
/** In half a minute; a rotation takes four, and what is made of lives of seconds twice as many. */
const MOST_WRITES = 20;
/** So long a write may take to come back through the watch. */
const ECHO_MS = 5_000;

/** Certificates that live in a Secret, made and renewed by the replicas together. */
export class SecretSource {
  readonly #options: SecretSourceOptions;
  readonly #store: SecretStore;
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  /** Two installations with one Secret by mistake would make certificates by turns. */
  readonly #pace = new Pace(MOST_WRITES);
  #wake = Promise.withResolvers<undefined>();
  #good: Good | undefined;
  /** What belongs to the certificate, also where something else in the Secret is off. */
  #bundle: string | undefined;
  #certificate: Certificate | undefined;
  /** What was written over: until the watch brings what came of it, nothing is to be done. */
  #replaced: { readonly version: string | undefined; readonly at: number } | undefined;
  /** What was said last, so that it is said once: of a certificate that is not taken, and of what is off. */
  #told: string | undefined;
  readonly #warned = { contents: '', clock: '' };

  /** Starts at once. */
  constructor(options: SecretSourceOptions) {
    this.#options = options;
    const { server, namespace, name, log } = options;
    this.#store = new SecretStore({ server, namespace, name, log, onChange: () => this.kick() });
    this.#done = this.#run();
  }

  current(): Certificate | undefined {
    return this.#certificate;
  }

  /** What clients are to trust; undefined until it is known. */
  bundle(): string | undefined {
    return this.#bundle;
  }

  /** Whether the bundle is not behind the Secret. Errors: ApiError; no connection, no answer in time. */
  isComplete(bundle: string): Promise<boolean> {
    return this.#store.isComplete(bundle);
  }

  unready(now: Date): string | undefined {
    const { namespace, name } = this.#options;
    if (this.#certificate !== undefined) return wrongWith(this.#certificate.cert, now);
    const because = this.#store.trouble() ?? 'no answer of the API server yet';
    const state =
      this.#store.stored() === undefined ? `not read yet (${because})` : 'there is none in it yet';
    return `waits for the Secret ${namespace}/${name}: ${state}`;
  }

  /** Looks at once whether there is something to do: something else than the Secret has changed. */
  kick(): void {
    this.#wake.resolve(undefined);
  }

  /** Resolves when no request is under way any more. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.kick();
    await this.#done;
    await this.#store.stop();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      this.#wake = Promise.withResolvers<undefined>();
      const wait = await this.#look().catch((error: unknown) => this.#failed(error));
      const timer = new AbortController();
      await Promise.race([
        this.#wake.promise,
        sleep(wait, undefined, { signal: timer.signal }).catch(() => undefined),
      ]);
      timer.abort();
    }
  }

  #failed(error: unknown): number {
    this.#options.log.error({ error: String(error) }, 'certificates could not be looked after');
    return 1_000;
  }

  /** One turn: take what is there, mend or move on; resolves with the longest time until the next one. */
  async #look(): Promise<number> {
    const { names, wish: wanted, clock } = this.#options;
    const wish = wanted();
    const usual = Math.min(LONGEST_WAIT_MS, Math.max(200, wish.life / 30));
    const stored = this.#store.stored();
    if (stored === undefined || this.#awaitsEcho(stored)) return usual;
    const reading = readContents(stored.contents, names);
    if (this.#isDamaged(reading))
      return this.#pace.wait() || ((await this.#restore(stored, reading)) ?? usual);
    this.#take({ contents: stored.contents, reading });
    const published = this.#options.publishedSince(reading.bundle);
    const step = plan(reading.held, wish, { now: clock().getTime(), published });
    this.#tell(step, reading);
    if (step.action === 'none' || !(step.urgent || this.#options.leads())) return usual;
    return this.#pace.wait() || ((await this.#step(step, stored, wish)) ?? usual);
  }

  #awaitsEcho({ version }: Stored): boolean {
    const replaced = this.#replaced;
    if (replaced === undefined) return false;
    if (replaced.version === version && performance.now() - replaced.at < ECHO_MS) return true;
    this.#replaced = undefined;
    return false;
  }

  /** Whether what is held here is better than what is there. */
  #isDamaged({ faults, held }: Reading): boolean {
    if (this.#good === undefined) return false;
    const { leaf } = this.#good.reading.held;
    const now = this.#options.clock().getTime();
    return (faults.length > 0 || held.leaf === undefined) && leaf !== undefined && now < leaf.until;
  }

  /** Puts back what is held: the same authority, so that no client notices. */
  async #restore(stored: Stored, { faults }: Reading): Promise<number | undefined> {
    const { namespace, name, log } = this.#options;
    // What others keep there, and what a person asks for, is as it stands now.
    const ours = Object.values<string>(SECRET_KEYS).filter((key) => key !== SECRET_KEYS.rotate);
    const isOurs = ([key]: [string, string]): boolean => ours.includes(key);
    const others = Object.entries(stored.contents).filter((entry) => !isOurs(entry));
    const good = Object.entries(this.#good?.contents ?? {}).filter(isOurs);
    const written = await this.#write(stored, Object.fromEntries([...others, ...good]));
    if (!written.ok) return written.retryMs;
    const what = stored.version === undefined ? 'deleted' : faults.length === 0 ? 'emptied' : 'damaged';
    const secret = `${namespace}/${name}`;
    log.warn({ secret, faults }, `someone has ${what} the Secret; its contents are put back`);
    return undefined;
  }

  #take(good: Good): void {
    const { contents, reading } = good;
    const { log, metrics, onBundle, onCertificate, clock } = this.#options;
    const { leaf, authorities } = reading.held;
    if (leaf === undefined) return;
    if (reading.faults.length === 0) this.#good = good;
    if (reading.bundle !== this.#bundle) {
      this.#bundle = reading.bundle;
      onBundle();
    }
    const signer = authorities.find(({ id }) => id === leaf.authority);
    if (signer !== undefined) metrics.authorityNotAfter(new Date(signer.until));
    const cert = contents[SECRET_KEYS.cert] ?? '';
    if (cert === this.#certificate?.cert) return;
    const now = clock();
    const wrong = wrongWith(cert, now);
    const current = this.#certificate;
    if (wrong !== undefined && current !== undefined && wrongWith(current.cert, now) === undefined) {
      if (this.#told !== cert)
        log.warn({ reason: wrong }, 'the new certificate is not taken, the one in use is valid');
      this.#told = cert;
      return;
    }
    const certificate = this.#certificateOf(good, cert, leaf.until);
    this.#certificate = certificate;
    onCertificate(certificate);
  }

  #certificateOf({ contents, reading }: Good, cert: string, until: number): Certificate {
    const { namespace, name, names } = this.#options;
    const notAfter = new Date(until);
    const list = names.map(({ value }) => value).join(', ');
    const description = `own certificate in Secret ${namespace}/${name} for ${list}, valid until ${notAfter.toISOString()}`;
    return {
      cert,
      key: contents[SECRET_KEYS.key] ?? '',
      ca: reading.bundle,
      notAfter,
      description,
    };
  }

  /** Says what is off, once. */
  #tell({ reason }: Step, { faults, held }: Reading): void {
    const { clock } = this.#options;
    const early = held.leaf !== undefined && clock().getTime() < held.leaf.from ? [reason] : [];
    this.#warn('contents', [...faults, ...early]);
  }

  #warn(about: 'contents' | 'clock', faults: readonly string[]): void {
    const { namespace, name, log } = this.#options;
    const text = faults.join('; ');
    const isTold = text === '' || text === this.#warned[about];
    this.#warned[about] = text;
    if (isTold) return;
    log.warn({ secret: `${namespace}/${name}`, faults }, 'the certificates in the Secret are not in order');
  }

  async #step({ action, reason }: Step, stored: Stored, wish: Wish): Promise<number | undefined> {
    const { names, clock, log, metrics } = this.#options;
    const skew = skewText(await this.#store.ahead(clock));
    this.#warn('clock', skew === undefined ? [] : [skew]);
    if (skew !== undefined) return undefined;
    const renews = action !== 'tidy' && action !== 'introduce';
    const next = await perform(action, stored.contents, { names, wish, now: clock() });
    const written = await this.#write(stored, next);
    if (!written.ok) {
      if (renews && !written.lost) metrics.certificateRenewed('failure');
      return written.retryMs;
    }
    if (renews) metrics.certificateRenewed('success');
    log.info({ action, reason }, DONE[action]);
    return undefined;
  }

  async #write(stored: Stored, contents: Contents): Promise<Written> {
    const written = await this.#store.write(stored, contents);
    if (written.ok) this.#replaced = { version: stored.version, at: performance.now() };
    // The event that tells of the winner comes soon, if it has not come already.
    return written.ok ? written : { ...written, retryMs: Math.max(written.retryMs, 100) };
  }
}
