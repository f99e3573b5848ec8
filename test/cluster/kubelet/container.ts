import { ask, httpGet, Prober } from './probes.ts';
import type { ProbeTarget } from './probes.ts';
import type { ContainerProcess } from './process.ts';
import { Waiting } from './types.ts';
import type { Container, ContainerState, ContainerStatus, Hook, Probe, Terminated } from './types.ts';

/** An init container, a native sidecar (an init container that is always restarted), or one of `containers`. */
export type Role = 'init' | 'sidecar' | 'main';

/** The real kubelet begins with 10 s and ends with 5 minutes; a test would wait for it. */
const BACK_OFF = { first: 500, most: 8000, retry: 500 };

/** One container of a Pod, over all its attempts. */
export class ContainerLife {
  readonly spec: Container;
  readonly role: Role;
  /** Its startup probe has succeeded, or it has none and runs. */
  started = false;
  process: ContainerProcess | undefined;
  /** How the last attempt ended. */
  last: Terminated | undefined;
  #ready = false;
  #restarts = 0;
  #waiting: { readonly reason: string; readonly message?: string } | undefined;
  #nextTry = 0;
  #probers: Prober[] = [];
  readonly #changed: () => void;
  readonly #log: (line: string) => void;

  /** `changed` is called whenever the Pod should be looked at again. */
  constructor(spec: Container, role: Role, changed: () => void, log: (line: string) => void) {
    this.spec = spec;
    this.role = role;
    this.#changed = changed;
    this.#log = log;
  }

  get ready(): boolean {
    return this.role === 'init' ? this.last?.exitCode === 0 && !this.process : this.#ready;
  }

  /** Has run, and does no longer. */
  get ended(): boolean {
    return this.process === undefined && this.last !== undefined;
  }

  /** In how many milliseconds it may be started; with a back-off the status says so. */
  pause(): number {
    const left = this.#nextTry - performance.now();
    if (left > 0 && this.last !== undefined && this.#waiting === undefined)
      this.#waiting = {
        reason: 'CrashLoopBackOff',
        message: `back-off ${Math.round(backOff(this.#restarts))}ms restarting failed container=${this.spec.name}`,
      };
    return left;
  }

  /** Starts it, or says why it cannot be. `start` makes the process; its errors are {@link Waiting}. */
  async start(
    target: Omit<ProbeTarget, 'process' | 'container'>,
    start: () => Promise<ContainerProcess>,
  ): Promise<void> {
    let process: ContainerProcess;
    try {
      process = await start();
    } catch (error) {
      this.#refused(error);
      return;
    }
    if (this.last !== undefined) this.#restarts++;
    this.process = process;
    this.#waiting = undefined;
    void process.ended.then(() => this.#ended(process));
    this.#probe({ ...target, process, container: this.spec });
  }

  /** Why it cannot start, without a try. */
  wait(reason: string, message?: string): void {
    this.#waiting = { reason, ...(message !== undefined && { message }) };
  }

  /** Ends it: the preStop hook, SIGTERM, and SIGKILL when the grace is over or `hurry` aborts. */
  async stop(graceMs: number, podIP: string, hurry?: AbortSignal): Promise<void> {
    const { process } = this;
    if (process === undefined) return;
    const hook = this.spec.lifecycle?.preStop;
    const begin = performance.now();
    if (hook !== undefined && graceMs > 0)
      await Promise.race([
        runHook(hook, { process, podIP, container: this.spec }, graceMs).catch((error: unknown) =>
          this.#log(`${this.spec.name}: preStop failed: ${(error as Error).message}`),
        ),
        new Promise((resolve) => hurry?.addEventListener('abort', resolve)),
      ]);
    // After a hook that took all the time the kubelet grants two seconds more.
    const left = hook === undefined ? graceMs : Math.max(2000, graceMs - (performance.now() - begin));
    await process.stop(graceMs === 0 ? 0 : left, hurry);
  }

  status(imageID: string, initializing: boolean): ContainerStatus {
    const { process, last } = this;
    const before = this.#waiting !== undefined || process !== undefined;
    return {
      name: this.spec.name,
      image: this.spec.image,
      imageID: process !== undefined || last !== undefined ? imageID : '',
      ...(process !== undefined && { containerID: process.id }),
      ...(process === undefined && last?.containerID !== undefined && { containerID: last.containerID }),
      ready: this.ready,
      started: this.started,
      restartCount: this.#restarts,
      state: this.#state(initializing),
      lastState: before && last !== undefined ? { terminated: last } : {},
    };
  }

  #state(initializing: boolean): ContainerState {
    if (this.process !== undefined) return { running: { startedAt: this.process.startedAt } };
    if (this.#waiting !== undefined) return { waiting: this.#waiting };
    if (this.last !== undefined) return { terminated: this.last };
    return { waiting: { reason: initializing ? 'PodInitializing' : 'ContainerCreating' } };
  }

  #refused(error: unknown): void {
    const reason = error instanceof Waiting ? error.reason : 'CreateContainerError';
    const message = (error as Error).message;
    // The first failure to pull is told as such, later ones as the wait in between.
    const pulled =
      reason === 'ErrImagePull' && /^(?:ErrImagePull|ImagePullBackOff)$/.test(this.#waiting?.reason ?? '');
    const shown = pulled
      ? { reason: 'ImagePullBackOff', message: `Back-off pulling image "${this.spec.image}": ${message}` }
      : { reason, message };
    if (this.#waiting?.reason !== shown.reason)
      this.#log(`${this.spec.name}: ${shown.reason}: ${shown.message}`);
    this.#waiting = shown;
    // No image comes to be known later: there is no hurry to look for it again.
    this.#nextTry = performance.now() + (pulled ? BACK_OFF.most : BACK_OFF.retry);
  }

  #ended(process: ContainerProcess): void {
    for (const prober of this.#probers) prober.stop();
    this.#probers = [];
    this.last = process.terminated();
    this.process = undefined;
    this.started = false;
    this.#ready = false;
    this.#nextTry = performance.now() + backOff(this.#restarts);
    this.#log(`${this.spec.name}: ended with ${this.last.exitCode}`);
    this.#changed();
  }

  #probe(target: ProbeTarget): void {
    const { startupProbe, lifecycle } = this.spec;
    if (this.role === 'init') return;
    const begin = (): void => {
      if (startupProbe === undefined) {
        this.#begin(target);
        return;
      }
      this.#every(startupProbe, target, (ok, why) => {
        if (ok) this.#begin(target);
        else this.#kill('startup', startupProbe, target, why);
      });
    };
    if (lifecycle?.postStart === undefined) {
      begin();
      return;
    }
    runHook(lifecycle.postStart, target, 30_000).then(begin, (error: unknown) => {
      this.#log(`${this.spec.name}: postStart failed: ${(error as Error).message}`);
      void this.stop(2000, target.podIP);
    });
  }

  /** It has started: from now on it is asked whether it lives and is ready. */
  #begin(target: ProbeTarget): void {
    if (this.process !== target.process || this.started) return;
    const { readinessProbe, livenessProbe } = this.spec;
    this.started = true;
    this.#ready = readinessProbe === undefined;
    if (readinessProbe !== undefined)
      this.#every(readinessProbe, target, (ok) => {
        this.#ready = ok;
        this.#changed();
      });
    if (livenessProbe !== undefined)
      this.#every(livenessProbe, target, (ok, why) => {
        if (!ok) this.#kill('liveness', livenessProbe, target, why);
      });
    this.#changed();
  }

  #every(probe: Probe, target: ProbeTarget, changed: (ok: boolean, why: string) => void): void {
    this.#probers.push(new Prober(probe, target, changed));
  }

  #kill(kind: string, probe: Probe, target: ProbeTarget, why: string): void {
    this.#log(`${this.spec.name}: ${kind} probe failed: ${why}; it will be restarted`);
    const grace = probe.terminationGracePeriodSeconds ?? this.graceSeconds;
    void this.stop(grace * 1000, target.podIP);
  }

  /** The Pod's grace, for probes that give none. */
  graceSeconds = 30;
}

function backOff(restarts: number): number {
  // The first restart comes at once.
  return restarts === 0 ? 0 : Math.min(BACK_OFF.most, BACK_OFF.first * 2 ** (restarts - 1));
}

async function runHook(hook: Hook, target: ProbeTarget, timeoutMs: number): Promise<void> {
  if (hook.sleep !== undefined) {
    await new Promise((resolve) => void setTimeout(resolve, Math.min(timeoutMs, hook.sleep!.seconds * 1000)));
  } else if (hook.exec !== undefined) {
    const { ok, why } = await ask({ exec: hook.exec, timeoutSeconds: timeoutMs / 1000 }, target);
    if (!ok) throw new Error(why);
  } else if (hook.httpGet !== undefined) {
    const { ok, why } = await httpGet(hook.httpGet, target, timeoutMs);
    if (!ok) throw new Error(why);
  }
}
