import { readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** A mount of a container: a file or folder of the host, and where it appears. */
export interface Mount {
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

/** What a container's file system is made of. */
export interface RootPlan {
  /** An empty folder of the host: in the container's own mount namespace, all of its own files lie there. */
  readonly scratch: string;
  readonly binds: readonly { readonly from: string; readonly to: string }[];
  readonly mounts: readonly Mount[];
  readonly readOnlyRoot: boolean;
  /** Paths of the host that users other than root must be able to reach. */
  readonly open: readonly string[];
  readonly hosts: string;
  readonly hostname: string;
  readonly workingDir: string;
  /** The file that gets a word when everything is in place. */
  readonly signal: string;
  /** The last command, which takes the shell's place. */
  readonly command: readonly string[];
}

/** A word of a shell command. */
export function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/**
 * A shell script for new mount and pid namespaces. The root is an overlay over the host's, whose upper layer is memory:
 * a container can write wherever its user may, and nothing of it reaches the host.
 */
export function rootScript(plan: RootPlan): string {
  const { scratch } = plan;
  const lines = [
    'set -eu; umask 022; PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    `exec 4>${quote(plan.signal)}`,
    `mount -t tmpfs -o mode=755 podscrape ${quote(scratch)}`,
    `cd ${quote(scratch)}; mkdir upper work root`,
    `mount -t overlay -o lowerdir=/,upperdir=${scratch}/upper,workdir=${scratch}/work overlay root`,
    'cd root; mkdir -p .host; pivot_root . .host; cd /',
    ...hostMounts().map((path) => {
      const [from, to] = [quote(`/.host${path}`), quote(path)];
      return `if [ -e ${from} ]; then mount --bind ${from} ${to}; mount -o remount,bind,ro ${to}; fi`;
    }),
    'mount -t proc proc /proc; mount -t sysfs -o ro sysfs /sys',
    ...devices(),
    'mount -t tmpfs -o mode=1777 podscrape /tmp; mount -t tmpfs -o mode=755 podscrape /run',
    `rm -f /etc/hosts /etc/hostname /etc/resolv.conf; printf %s ${quote(plan.hosts)} > /etc/hosts`,
    `printf '%s\\n' ${quote(plan.hostname)} > /etc/hostname; : > /etc/resolv.conf`,
    ...plan.open.flatMap((path, at) => reachable(path, `/.host${scratch}/open-${at}`)),
    ...plan.binds.flatMap((bind, at) => bound(bind.from, bind.to, `/.host${scratch}/bind-${at}`)),
    `mkdir -p ${quote(plan.workingDir)}`,
    ...[...plan.mounts].sort((a, b) => depth(a.target) - depth(b.target)).flatMap(mounted),
    'umount -l /.host; rmdir /.host',
    ...(plan.readOnlyRoot ? readOnly(plan.mounts) : []),
    `cd ${quote(plan.workingDir)}; echo ready >&4; exec 4>&-`,
    `exec ${plan.command.map(quote).join(' ')}`,
  ];
  return `${lines.join('\n')}\n`;
}

function devices(): readonly string[] {
  const shared = 'null zero full random urandom tty';
  return [
    'mount -t tmpfs -o mode=755 podscrape /dev; mkdir /dev/shm /dev/pts',
    `for d in ${shared}; do : > /dev/$d; mount --bind /.host/dev/$d /dev/$d; done`,
    'mount -t tmpfs -o mode=1777 podscrape /dev/shm',
    'ln -s /proc/self/fd /dev/fd; ln -s fd/0 /dev/stdin; ln -s fd/1 /dev/stdout; ln -s fd/2 /dev/stderr',
    ': > /dev/termination-log; chmod 666 /dev/termination-log',
  ];
}

/** Makes a program or folder usable for everybody, by the path given and by its own. */
function reachable(path: string, layer: string): readonly string[] {
  return [...new Set([path, realpathSync(path)])].flatMap((end, at) =>
    // The container has a /tmp and a /run of its own over the host's, where a checkout may lie.
    /^\/(tmp|run)\//.test(end) ? bound(end, end, `${layer}-${at}`) : opened(end),
  );
}

/** Lets everybody through to it and use it, in the overlay only: on the host it stays closed. */
function opened(end: string): readonly string[] {
  const commands: string[] = [];
  const { mode } = statSync(end);
  if ((mode & 0o100) !== 0 && !isOpen(end)) commands.push(`chmod go+rx ${quote(end)}`);
  for (let folder = dirname(end); folder !== '/'; folder = dirname(folder))
    if (!isOpen(folder)) commands.push(`chmod go+x ${quote(folder)}`);
  return commands;
}

function isOpen(path: string): boolean {
  return (statSync(path).mode & 0o005) === 0o005;
}

function makeTarget(source: string, target: string): string {
  if (statSync(source).isDirectory()) return `mkdir -p ${quote(target)}`;
  return `mkdir -p ${quote(dirname(target))}; [ -e ${quote(target)} ] || : > ${quote(target)}`;
}

/** A file of an image. A closed folder, as `mkdtemp` makes them, gets an open one laid over it. */
function bound(from: string, to: string, layer: string): readonly string[] {
  const real = realpathSync(from);
  const source = `/.host${real}`;
  const make = makeTarget(real, to);
  const bind = [make, `mount --rbind ${quote(source)} ${quote(to)}`, `mount -o remount,bind,ro ${quote(to)}`];
  if (isOpen(real) || !statSync(real).isDirectory()) return bind;
  return [
    make,
    `mkdir -p ${quote(`${layer}/upper`)} ${quote(`${layer}/work`)}; cd ${quote(layer)}`,
    `mount -t overlay -o lowerdir=${quote(source)},upperdir=upper,workdir=work overlay ${quote(to)}; cd /`,
    `chmod go+rx ${quote(to)}; mount -o remount,ro ${quote(to)}`,
  ];
}

function mounted({ source, target, readOnly: closed }: Mount): readonly string[] {
  return [
    makeTarget(source, target),
    `mount --bind ${quote(`/.host${realpathSync(source)}`)} ${quote(target)}`,
    ...(closed ? [`mount -o remount,bind,ro ${quote(target)}`] : []),
  ];
}

function depth(path: string): number {
  return path.split('/').filter((part) => part !== '').length;
}

/** The image's own files, /tmp and /run among them where no volume is mounted there. */
function readOnly(mounts: readonly Mount[]): readonly string[] {
  const own = ['/tmp', '/run'].filter((path) => !mounts.some(({ target }) => target === path));
  return ['/', ...own].map((path) => `mount -o remount,ro ${path}`);
}

/** The mount points of the host that a container sees beside the root file system. */
function hostMounts(): readonly string[] {
  const unescape = (path: string): string =>
    path.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
  const own = /^\/(?:proc|sys|dev|run|tmp|var\/run|etc\/(?:hosts|hostname|resolv\.conf))(?:\/|$)/;
  const paths = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => unescape(line.split(' ')[4] ?? '/'));
  return [...new Set(paths)].filter((path) => path !== '/' && !own.test(path)).sort();
}
