import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';

import type { ContainerProcess } from './process.ts';
import type { Container, HttpGet, Probe } from './types.ts';

/** Where a probe looks. */
export interface ProbeTarget {
  readonly container: Container;
  readonly process: ContainerProcess;
  readonly podIP: string;
}

/** Asks once. Errors are a failure too: the message tells why. */
export async function ask(probe: Probe, target: ProbeTarget): Promise<{ ok: boolean; why: string }> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
  try {
    if (probe.httpGet !== undefined) return await httpGet(probe.httpGet, target, timeoutMs);
    if (probe.tcpSocket !== undefined) {
      await open(
        probe.tcpSocket.host ?? target.podIP,
        portOf(target.container, probe.tcpSocket.port),
        timeoutMs,
      );
      return { ok: true, why: '' };
    }
    if (probe.exec !== undefined) {
      const { code, stdout, stderr } = await target.process.exec(probe.exec.command ?? [], timeoutMs);
      return { ok: code === 0, why: `exit code ${code}: ${stdout}${stderr}` };
    }
    return { ok: false, why: "this probe's kind is not supported by the tests' kubelet" };
  } catch (error) {
    return { ok: false, why: (error as Error).message };
  }
}

/** The number of a port that a probe gives by number or by the name that the container declares. */
function portOf(container: Container, port: number | string): number {
  if (typeof port === 'number') return port;
  const declared = container.ports?.find(({ name }) => name === port)?.containerPort;
  if (declared === undefined) throw new Error(`the container declares no port ${port}`);
  return declared;
}

function open(host: string, port: number, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: timeoutMs }, () => {
      socket.destroy();
      resolve();
    });
    socket.on('timeout', () => socket.destroy(new Error('timeout')));
    socket.on('error', reject);
  });
}

/** As the kubelet asks: any status from 200 to 399 will do, and no certificate is checked. */
export function httpGet(
  get: HttpGet,
  { container, podIP }: ProbeTarget,
  timeoutMs: number,
): Promise<{ ok: boolean; why: string }> {
  const request = get.scheme?.toUpperCase() === 'HTTPS' ? httpsRequest : httpRequest;
  const path = get.path ?? '/';
  const named = Object.fromEntries((get.httpHeaders ?? []).map(({ name, value }) => [name, value]));
  return new Promise((resolve, reject) => {
    const outgoing = request({
      host: get.host ?? podIP,
      port: portOf(container, get.port),
      path: path.startsWith('/') ? path : `/${path}`,
      headers: { 'user-agent': 'kube-probe/1.36', ...named },
      rejectUnauthorized: false,
      agent: false,
      timeout: timeoutMs,
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error('timeout')));
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      const status = response.statusCode ?? 0;
      response.resume();
      response.on('end', () => resolve({ ok: status >= 200 && status < 400, why: `status ${status}` }));
      response.on('error', reject);
    });
    outgoing.end();
  });
}

/** Asks again and again, until it is stopped; tells of each change after as many answers as the thresholds say. */
export class Prober {
  readonly #probe: Probe;
  readonly #target: ProbeTarget;
  readonly #changed: (ok: boolean, why: string) => void;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #last: boolean | undefined;
  #inARow = 0;

  constructor(probe: Probe, target: ProbeTarget, changed: (ok: boolean, why: string) => void) {
    this.#probe = probe;
    this.#target = target;
    this.#changed = changed;
    this.#later(probe.initialDelaySeconds ?? 0);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #later(seconds: number): void {
    this.#timer = setTimeout(() => void this.#round(), seconds * 1000).unref();
  }

  async #round(): Promise<void> {
    const { ok, why } = await ask(this.#probe, this.#target);
    if (this.#stopped) return;
    this.#inARow = ok === this.#last ? this.#inARow + 1 : 1;
    this.#last = ok;
    const threshold = ok ? (this.#probe.successThreshold ?? 1) : (this.#probe.failureThreshold ?? 3);
    if (this.#inARow === threshold) this.#changed(ok, why);
    this.#later(this.#probe.periodSeconds ?? 10);
  }
}
