import { readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { join } from 'node:path';

import { run, startProcess } from '../processes.ts';
import type { ManagedProcess } from '../processes.ts';

/** 10.244.0.0/16 is parted into as many networks of a thousand Pods: one for each kubelet of the machine. */
const NETWORKS = 64;
const LAST_POD = 1021;
/** The Service `kubernetes`: an address in the API server's certificate, so that Pods can speak to it over TLS. */
const API_ADDRESS = '10.96.0.1';

/** What `ip link` shows of links that kubelets of these tests have made: `psk` bridges, `psv` ends of Pods' wires. */
export const LINK = /^ps[kv](\d+)-\d+$/;

/** A Pod's own network namespace, which lives as long as a process of its own. */
export interface Sandbox {
  readonly process: ManagedProcess;
  readonly link: string;
}

/** The family of IP addresses. */
export type Family = 4 | 6;

/** The bridge of one kubelet and the addresses on it. */
export class PodNetwork {
  readonly bridge: string;
  /** The host's own addresses on the bridge, that of the primary family first. */
  readonly hostIPs: readonly [string, string];
  /** Where Pods find the API server. */
  readonly api: { readonly host: string; readonly port: number };
  readonly #index: number;
  readonly #primary: Family;
  readonly #holder: ManagedProcess;
  readonly #claim: Server;
  readonly #apiServer: Server;
  readonly #folder: string;
  readonly #taken = new Set<number>();
  #next = 2;

  private constructor(
    index: number,
    primary: Family,
    bridge: string,
    folder: string,
    held: { readonly claim: Server; readonly holder: ManagedProcess; readonly api: Server },
  ) {
    this.#index = index;
    this.#primary = primary;
    this.bridge = bridge;
    this.#folder = folder;
    this.#claim = held.claim;
    this.#holder = held.holder;
    this.#apiServer = held.api;
    this.hostIPs = this.#ordered(1);
    this.api = { host: API_ADDRESS, port: (held.api.address() as AddressInfo).port };
  }

  /**
   * Claims a network that no other kubelet of this machine has, removes what a killed one has left, and makes the bridge.
   * `folder` goes with the bridge when this process ends. Errors: `ip` fails, or all networks are taken.
   */
  static async start(apiPort: number, folder: string, primary: Family = 4): Promise<PodNetwork> {
    await sweep();
    const { index, claim } = await claimNetwork();
    const bridge = `psk${index}-${process.pid}`;
    // Whatever ends this process ends the holder with SIGTERM; it takes the bridge and the files along.
    const end = `kill $! ; ip link del ${bridge} 2>/dev/null; rm -rf "$1"; exit 0`;
    const holder = startProcess({
      name: 'bridge holder',
      command: '/bin/sh',
      args: ['-c', `trap '${end}' TERM; sleep infinity & wait`, 'holder', folder],
      logFile: join(folder, 'holder.log'),
    });
    const [v4, v6] = addresses(index, 1);
    await ip([`link add ${bridge} type bridge`]);
    try {
      // Docker's containers have it switched off.
      writeFileSync(`/proc/sys/net/ipv6/conf/${bridge}/disable_ipv6`, '0');
    } catch {
      // Read-only: if it is off, the v6 address below is refused.
    }
    await ip([
      `addr add ${v4}/22 dev ${bridge}`,
      `addr add ${API_ADDRESS}/32 dev ${bridge}`,
      `addr add ${v6}/112 dev ${bridge} nodad`,
      `link set ${bridge} up`,
    ]);
    const api = createServer((inner) => {
      const outer = connect(apiPort, '127.0.0.1');
      inner.pipe(outer).pipe(inner);
      for (const [one, other] of [
        [inner, outer],
        [outer, inner],
      ] as const)
        one.on('error', () => other.destroy()).on('close', () => other.destroy());
    });
    await listening(api, { host: API_ADDRESS, port: 0 });
    return new PodNetwork(index, primary, bridge, folder, { claim, holder, api });
  }

  /** The addresses of a new Pod, that of the primary family first. Errors: all are taken. */
  allocate(): { readonly slot: number; readonly ips: readonly [string, string] } {
    for (let tried = 0; tried < LAST_POD; tried++) {
      const slot = this.#next;
      // One after the other, so that an address that was just given back is not used at once.
      this.#next = slot === LAST_POD ? 2 : slot + 1;
      if (this.#taken.has(slot)) continue;
      this.#taken.add(slot);
      return { slot, ips: this.#ordered(slot) };
    }
    throw new Error(`all ${LAST_POD - 1} Pod addresses are taken`);
  }

  #ordered(slot: number): readonly [string, string] {
    const [v4, v6] = addresses(this.#index, slot);
    return this.#primary === 4 ? [v4, v6] : [v6, v4];
  }

  /** Gives the addresses back. */
  release(slot: number): void {
    this.#taken.delete(slot);
  }

  /** Makes a network namespace with `lo` and `eth0`, on the bridge. Errors: `ip` fails. */
  async sandbox(slot: number, hostname: string): Promise<Sandbox> {
    const pause = startProcess({
      name: `sandbox ${slot}`,
      command: 'unshare',
      args: [
        '--net',
        '--ipc',
        '--uts',
        '/bin/sh',
        '-c',
        'echo "$1" > /proc/sys/kernel/hostname; exec sleep infinity',
        'sandbox',
        hostname,
      ],
      logFile: join(this.#folder, 'sandboxes.log'),
    });
    try {
      return { process: pause, link: await this.#wire(slot, pause) };
    } catch (error) {
      await pause.stop();
      throw error;
    }
  }

  async #wire(slot: number, pause: ManagedProcess): Promise<string> {
    const namespace = `/proc/${pause.pid}/ns/net`;
    const ours = readlinkSync('/proc/self/ns/net');
    await pause.waitFor('has a network', () => readlinkSync(namespace) !== ours, { intervalMs: 5 });
    const link = `psv${this.#index}-${slot}`;
    const [v4, v6] = addresses(this.#index, slot);
    // From the address, as CNI plug-ins do it: who remembers the last Pod of this address finds the new one.
    const mac = `0a:58:${v4
      .split('.')
      .map((byte) => Number(byte).toString(16).padStart(2, '0'))
      .join(':')}`;
    await ip([
      `link add ${link} type veth peer name eth0 address ${mac} netns ${pause.pid}`,
      `link set ${link} master ${this.bridge} up`,
    ]);
    await ip(
      [
        'link set lo up',
        `addr add ${v4}/22 dev eth0`,
        `addr add ${v6}/112 dev eth0 nodad`,
        'link set eth0 up',
        `route add ${API_ADDRESS}/32 via ${addresses(this.#index, 1)[0]}`,
      ],
      [`--net=${namespace}`],
    );
    return link;
  }

  /** Removes a Pod's namespace; its processes are gone before. */
  async remove(sandbox: Sandbox): Promise<void> {
    await run('ip', ['link', 'del', sandbox.link]);
    await sandbox.process.stop();
  }

  /** Removes the bridge, and with it every route and address. */
  async stop(): Promise<void> {
    this.#apiServer.close();
    await this.#holder.stop();
    this.#claim.close();
  }
}

/** The addresses of a slot in a network, v4 and v6: the first is the host's own. */
function addresses(index: number, slot: number): readonly [string, string] {
  const v4 = `10.244.${index * 4 + (slot >> 8)}.${slot & 255}`;
  return [v4, `fd00:10:244::${(index + 1).toString(16)}:${slot.toString(16)}`];
}

/** The name of the socket that stands for a network. It is gone with its process: no pid can be mistaken for it. */
function claimName(index: number): string {
  return `\0podscrape-kubelet-${index}`;
}

async function claimNetwork(): Promise<{ readonly index: number; readonly claim: Server }> {
  const first = Math.floor(Math.random() * NETWORKS);
  for (let tried = 0; tried < NETWORKS; tried++) {
    const index = (first + tried) % NETWORKS;
    const claim = createServer();
    if (await listening(claim, { path: claimName(index) }).catch(() => false)) return { index, claim };
  }
  throw new Error(`all ${NETWORKS} Pod networks of this machine are taken by running kubelets`);
}

/** Removes the links of kubelets that are no more. */
async function sweep(): Promise<void> {
  const names = readdirSync('/sys/class/net').filter((name) => LINK.test(name));
  for (const index of new Set(names.map((name) => Number(LINK.exec(name)?.[1])))) {
    const claim = createServer();
    if (!(await listening(claim, { path: claimName(index) }).catch(() => false))) continue;
    for (const name of names)
      if (Number(LINK.exec(name)?.[1]) === index) await run('ip', ['link', 'del', name]);
    claim.close();
  }
}

function listening(server: Server, where: { host: string; port: number } | { path: string }): Promise<true> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, () => resolve(true));
    server.unref();
  });
}

/** Runs lines of `ip`, all in one process. Errors: one of them fails. */
async function ip(lines: readonly string[], prefix: readonly string[] = []): Promise<void> {
  const { code, stderr } = await run('nsenter', [...prefix, 'ip', '-batch', '-'], {
    stdin: `${lines.join('\n')}\n`,
  });
  if (code !== 0) throw new Error(`ip: exit code ${code}\n${stderr}`);
}
