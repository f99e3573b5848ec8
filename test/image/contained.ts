import { request } from 'node:https';
import { join } from 'node:path';

import { freePorts, run, startProcess } from '../cluster/processes.ts';
import type { Exit } from '../cluster/processes.ts';
import type { ImageConfig } from './builder.ts';

/** What runs, and in what. */
export interface ContainedOptions {
  /** The files of the image. */
  readonly root: string;
  readonly config: ImageConfig;
  /** In place of the image's `Cmd`; the ports are added. */
  readonly args: readonly string[];
  /** Folders of this machine by their place inside, read-only. */
  readonly mounts: Readonly<Record<string, string>>;
}

/** The image's process under what the chart asks for: its user, a read-only root, no privilege to gain. */
export interface Contained {
  /** The status of a page of the health port. */
  status(path: string): Promise<number>;
  /** Who the process is, as the kernel sees it. */
  identity(): Promise<object>;
  /** Tries to write a file as the same user in the same place; gives what Node said. */
  write(path: string): Promise<string>;
  /** Asks for the admission of an empty Pod; gives the uid of the answer. */
  admit(uid: string): Promise<string>;
  /** SIGTERM; resolves with how the process ended. */
  stop(): Promise<Exit | undefined>;
}

/** Where unshare, setpriv and chroot are; the image has no program to look for. */
const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** In a mount namespace of its own: the root read-only, then the image's user, who can gain nothing. */
const ENTER = `
set -e
root=$1; user=$2; shift 2
mount --bind "$root" "$root"
while [ "$1" != -- ]; do mkdir -p "$root$2"; mount --bind "$1" "$root$2"; mount -o remount,bind,ro "$root$2"; shift 2; done
shift
mount -t proc proc "$root/proc"
mount -o remount,bind,ro "$root"
exec setpriv --no-new-privs --bounding-set=-all,+sys_chroot,+setuid,+setgid \\
  chroot --userspec="$user" --groups= "$root" "$@"`;

/** Starts it, and waits until it is ready. Errors: with the last lines of its log. */
export async function startContained(options: ContainedOptions): Promise<Contained> {
  const { root, config, args, mounts } = options;
  const [port, healthPort] = (await freePorts(2)) as [number, number];
  const binds = Object.entries(mounts).flatMap(([place, folder]) => [folder, place]);
  const enter = (command: readonly string[]) => [
    ...['--mount', '/bin/sh', '-c', ENTER, 'enter', root, config.User ?? '', ...binds, '--', ...command],
  ];
  const entry = config.Entrypoint ?? [];
  const ports = ['--host', '127.0.0.1', '--port', String(port), '--health-port', String(healthPort)];
  const variables = Object.fromEntries(
    (config.Env ?? []).map((one) => one.split(/=(.*)/s).slice(0, 2) as [string, string]),
  );
  const process = startProcess({
    name: 'podscrape in its image',
    command: 'unshare',
    args: enter([...entry, ...args, ...ports]),
    logFile: join(root, '..', 'contained.log'),
    env: { ...variables, PATH: SYSTEM_PATH },
  });
  const status = async (path: string) => (await fetch(`http://127.0.0.1:${healthPort}${path}`)).status;
  await process.waitFor('ready', () =>
    status('/readyz').then(
      (code) => code === 200,
      () => false,
    ),
  );

  return {
    status,
    async identity() {
      // unshare and chroot become the program by exec, so that the pid is the program's own.
      const { stdout } = await run('cat', [`/proc/${process.pid}/status`]);
      const field = (name: string) =>
        new RegExp(`^${name}:[ \\t]*(.*?)[ \\t]*$`, 'm').exec(stdout)?.[1] ?? '';
      return {
        uid: Number(field('Uid').split(/\s/)[1]),
        gid: Number(field('Gid').split(/\s/)[1]),
        groups: field('Groups'),
        capabilities: field('CapEff'),
        noNewPrivileges: Number(field('NoNewPrivs')),
      };
    },
    async write(path) {
      const script = `require('fs').writeFileSync(${JSON.stringify(path)}, '')`;
      const { stderr } = await run('unshare', enter([entry[0] ?? '', '-e', script]));
      return stderr;
    },
    admit: (uid) => admit(port, uid),
    async stop() {
      await process.stop();
      return process.exit;
    },
  };
}

/** The certificate is the process's own and new: who answers is not what is tested here. */
async function admit(port: number, uid: string): Promise<string> {
  const review = {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid,
      operation: 'CREATE',
      namespace: 'shop',
      resource: { group: '', version: 'v1', resource: 'pods' },
      kind: { group: '', version: 'v1', kind: 'Pod' },
      object: { metadata: { name: 'web' }, spec: { containers: [{ name: 'web', image: 'web:1' }] } },
    },
  };
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const headers = { 'content-type': 'application/json' };
  request(
    { port, host: '127.0.0.1', path: '/mutate', method: 'POST', headers, rejectUnauthorized: false },
    (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => (text += part));
      answer.on('end', () => resolve(text));
    },
  )
    .on('error', reject)
    .end(JSON.stringify(review));
  const { response } = JSON.parse(await promise) as { readonly response: { readonly uid: string } };
  return response.uid;
}
