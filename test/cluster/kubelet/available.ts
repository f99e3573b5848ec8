import { spawnSync } from 'node:child_process';

const TOOLS = ['ip', 'unshare', 'nsenter', 'mount', 'pivot_root', 'setpriv', 'env', 'timeout'];

/** A container's whole set-up in small: what a restricted container or kernel refuses shows here. */
const REHEARSAL = `
set -e
ip link add one type bridge
ip link add two type veth peer name three
ip -6 addr add fd00:10:244::1/64 dev one
mount -t proc proc /proc
mount -t tmpfs podscrape /tmp
mkdir /tmp/upper /tmp/work /tmp/root
mount -t overlay -o lowerdir=/,upperdir=/tmp/upper,workdir=/tmp/work overlay /tmp/root`;

/** Why the kubelet cannot run here; undefined when it can. `uid` is whose processes it would start. */
export function kubeletUnavailable(uid: number | undefined = process.getuid?.()): string | undefined {
  const needs = 'The kubelet of the tests makes network and mount namespaces';
  if (process.platform !== 'linux') return `${needs}, which only Linux has.`;
  if (uid !== 0)
    return `${needs}, which only root may: run as root, or with \`sudo env "PATH=$PATH" …\`. This is user ${uid}.`;
  const missing = TOOLS.filter((tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0);
  if (missing.length > 0)
    return `${needs} with tools that are not here: ${missing.join(', ')} (packages iproute2, util-linux, coreutils).`;
  const args = ['--net', '--mount', '--pid', '--fork', 'sh', '-c', REHEARSAL];
  const { status, stderr } = spawnSync('unshare', args, { encoding: 'utf8' });
  if (status === 0) return undefined;
  return `${needs}, which this machine refuses, as containers without --privileged do: ${stderr.trim()}`;
}
