import { constants } from 'node:os';
import { existsSync, mkdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { isRunning, run, startProcess } from '../processes.ts';
import type { ManagedProcess, RunResult } from '../processes.ts';
import { sleep } from '../wait.ts';
import type { User } from './images.ts';
import { rootScript } from './root-script.ts';
import type { RootPlan } from './root-script.ts';
import { Waiting } from './types.ts';
import type { SecurityContext, Terminated } from './types.ts';

/** What a container process needs beside its file system. */
export interface ProcessPlan {
  readonly name: string;
  /** A folder of the host for the script; `logFile` is kept over restarts. */
  readonly folder: string;
  readonly logFile: string;
  /** The process that holds the Pod's namespaces. */
  readonly sandboxPid: number;
  readonly user: User;
  readonly securityContext: SecurityContext;
  readonly env: Readonly<Record<string, string>>;
  readonly command: readonly string[];
  readonly root: Omit<RootPlan, 'signal' | 'command' | 'scratch'>;
}

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** What containerd leaves to a container that asks for nothing. */
const CAPABILITIES =
  'chown dac_override fowner fsetid kill setgid setuid setpcap net_bind_service net_raw sys_chroot mknod audit_write setfcap';

/**
 * Waits outside for the container's process, the first of the new pid namespace, and ends as it does; ended itself, it
 * takes it along. (`unshare --fork` would do that too, but has no exit code for a child that was killed.)
 */
const SUPERVISOR = 'exec 3>&2 2>/dev/null; (exec setpriv --pdeathsig=KILL /bin/sh "$1" 2>&3 3>&-); exit $?';

/** A container's process: the first of its own pid namespace, so that all that it starts ends with it. */
export class ContainerProcess {
  /** In the host's pid namespace. */
  readonly pid: number;
  readonly startedAt = timestamp();
  readonly #outer: ManagedProcess;
  readonly #plan: ProcessPlan;

  private constructor(outer: ManagedProcess, pid: number, plan: ProcessPlan) {
    this.#outer = outer;
    this.pid = pid;
    this.#plan = plan;
  }

  /** Resolves when the command is about to run. Errors: `CreateContainerError` with what the set-up said. */
  static async start(plan: ProcessPlan): Promise<ContainerProcess> {
    const scratch = join(plan.folder, 'root');
    const signal = join(plan.folder, 'ready');
    const script = join(plan.folder, 'start.sh');
    mkdirSync(scratch, { recursive: true });
    rmSync(signal, { force: true });
    const command = asUser(plan, plan.command);
    writeFileSync(script, rootScript({ ...plan.root, scratch, signal, command }), { mode: 0o600 });
    const before = existsSync(plan.logFile) ? readFileSync(plan.logFile).length : 0;
    const outer = startProcess({
      name: plan.name,
      command: 'nsenter',
      args: [
        ...['net', 'ipc', 'uts'].map((kind) => `--${kind}=/proc/${plan.sandboxPid}/ns/${kind}`),
        ...['unshare', '--mount', '--pid', '/bin/sh', '-c', SUPERVISOR, 'container', script],
      ],
      logFile: plan.logFile,
      env: { PATH: `${process.env['PATH'] ?? ''}:${DEFAULT_PATH}` },
    });
    while (!(existsSync(signal) && readFileSync(signal).length > 0)) {
      if (outer.exit !== undefined) {
        const said = readFileSync(plan.logFile).subarray(before).toString().trim();
        throw new Waiting('CreateContainerError', `the container could not be set up: ${said}`);
      }
      await sleep(5);
    }
    return new ContainerProcess(outer, childOf(outer.pid), plan);
  }

  /** Resolves when the process has ended. */
  get ended(): Promise<void> {
    return this.#outer.ended;
  }

  /** How the process ended, asked as soon as it has. */
  terminated(): Terminated {
    const exit = this.#outer.exit ?? { code: null, signal: 'SIGKILL' };
    const exitCode = exit.code ?? 128 + constants.signals[exit.signal ?? 'SIGKILL'];
    return {
      exitCode,
      reason: exitCode === 0 ? 'Completed' : 'Error',
      startedAt: this.startedAt,
      finishedAt: timestamp(),
      containerID: this.id,
    };
  }

  /** As a status names it. */
  get id(): string {
    return `process://${this.pid}`;
  }

  /** Sends a signal, if the process is still there. */
  signal(name: 'SIGTERM' | 'SIGKILL'): void {
    if (this.#outer.exit !== undefined || this.pid === 0 || !isRunning(this.pid)) return;
    process.kill(this.pid, name);
  }

  /** Ends it: SIGTERM, and SIGKILL after the grace or as soon as `hurry` aborts. */
  async stop(graceMs: number, hurry?: AbortSignal): Promise<void> {
    const kill = (): void => this.signal('SIGKILL');
    const timer = setTimeout(kill, graceMs);
    if (graceMs > 0 && hurry?.aborted !== true) this.signal('SIGTERM');
    else kill();
    hurry?.addEventListener('abort', kill);
    await this.ended;
    hurry?.removeEventListener('abort', kill);
    clearTimeout(timer);
  }

  /** Runs a command inside, as the container's user with its variables. Errors: it took over `timeoutMs`. */
  async exec(command: readonly string[], timeoutMs = 30_000): Promise<RunResult> {
    const target = ['--target', String(this.pid), '--mount', '--net', '--pid', '--ipc', '--uts'];
    // Inside, for what nsenter has started there would outlive nsenter and hold the output.
    const limited = ['timeout', '-s', 'KILL', String(timeoutMs / 1000), ...asUser(this.#plan, command)];
    const result = await run('nsenter', [...target, `--root`, `--wd`, ...limited], {
      env: { PATH: `${process.env['PATH'] ?? ''}:${DEFAULT_PATH}` },
    });
    if (result.code === 137) throw new Error(`${command.join(' ')} took over ${timeoutMs} ms, or was killed`);
    return result;
  }
}

/** The child of the supervisor in the new pid namespace; 0 when it has ended already: nothing is signalled through it. */
function childOf(outer: number): number {
  try {
    const children = readFileSync(`/proc/${outer}/task/${outer}/children`, 'utf8').trim().split(' ');
    const ours = readlinkSync('/proc/self/ns/pid');
    // The watchdog is a child of the same process, and stays outside.
    return Number(children.find((pid) => readlinkSync(`/proc/${pid}/ns/pid`) !== ours) ?? 0);
  } catch {
    return 0;
  }
}

/** The command with the container's user, privileges and variables. */
function asUser(plan: ProcessPlan, command: readonly string[]): readonly string[] {
  const { uid, gid, groups } = plan.user;
  const { capabilities = {}, privileged = false, allowPrivilegeEscalation = true } = plan.securityContext;
  const env = {
    PATH: DEFAULT_PATH,
    HOME: uid === 0 ? '/root' : '/',
    HOSTNAME: plan.root.hostname,
    ...plan.env,
  };
  return [
    'setpriv',
    ...[`--reuid=${uid}`, `--regid=${gid}`],
    groups.length === 0 ? '--clear-groups' : `--groups=${groups.join(',')}`,
    ...(privileged ? [] : [`--bounding-set=${boundingSet(capabilities)}`, '--inh-caps=-all']),
    ...(allowPrivilegeEscalation ? [] : ['--no-new-privs']),
    // A change of user has taken back that it ends with its parent.
    '--pdeathsig=KILL',
    ...['env', '-i', ...Object.entries(env).map(([name, value]) => `${name}=${value}`)],
    ...command,
  ];
}

function boundingSet({ add = [], drop = [] }: NonNullable<SecurityContext['capabilities']>): string {
  const plain = (name: string): string => name.toLowerCase().replace(/^cap_/, '');
  const dropped = drop.map(plain);
  const kept = dropped.includes('all')
    ? []
    : CAPABILITIES.split(' ').filter((name) => !dropped.includes(name));
  const added = add.map(plain);
  if (added.includes('all')) return '+all';
  return ['-all', ...new Set([...kept, ...added])]
    .map((name, at) => (at === 0 ? name : `+${name}`))
    .join(',');
}

/** Now, as statuses write it. */
export function timestamp(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, 'Z');
}
