/** One binary of the test control plane: a new one is one row in {@link BINARIES}. */
interface BinaryRow {
  /** The file's name. */
  name: string;
  /** The folder under `go/` whose go.mod pins the version. */
  module: string;
  /** The Go package with `main`: named by a `tool` line of that go.mod, or the folder of one of our own (`.`). */
  package: string;
  /** The linker's flags beside `-s -w`, from the text of go.mod. */
  ldflags?: (goMod: string) => string[];
  /** Go build tags, comma-separated. */
  tags?: string;
}

/** Without these tags it takes the discovery of every cloud along, and twice as long to build. */
const PROMETHEUS = {
  module: 'prometheus',
  ldflags: prometheusReleaseFlags,
  tags: 'remove_all_sd,enable_kubernetes_sd',
} as const;

/** Every binary that `ensureBinaries` can give. */
export const BINARIES = [
  { name: 'etcd', module: 'etcd', package: 'go.etcd.io/etcd/server/v3' },
  {
    name: 'kube-apiserver',
    module: 'kubernetes',
    package: 'k8s.io/kubernetes/cmd/kube-apiserver',
    ldflags: kubernetesVersionFlags,
  },
  {
    name: 'kube-controller-manager',
    module: 'kubernetes',
    package: 'k8s.io/kubernetes/cmd/kube-controller-manager',
    ldflags: kubernetesVersionFlags,
  },
  {
    name: 'kubectl',
    module: 'kubernetes',
    package: 'k8s.io/kubernetes/cmd/kubectl',
    ldflags: kubernetesVersionFlags,
  },
  {
    name: 'statsd_exporter',
    module: 'statsd-exporter',
    package: 'github.com/prometheus/statsd_exporter',
    ldflags: prometheusVersionFlags('github.com/prometheus/statsd_exporter'),
  },
  {
    name: 'node_exporter',
    module: 'node-exporter',
    package: 'github.com/prometheus/node_exporter',
    ldflags: prometheusVersionFlags('github.com/prometheus/node_exporter'),
  },
  { name: 'helm', module: 'helm', package: 'helm.sh/helm/v3/cmd/helm', ldflags: helmVersionFlags },
  { name: 'kubeconform', module: 'kubeconform', package: 'github.com/yannh/kubeconform/cmd/kubeconform' },
  { name: 'manager', module: 'manager', package: '.' },
  { name: 'prometheus', ...PROMETHEUS, package: 'github.com/prometheus/prometheus/cmd/prometheus' },
  { name: 'promtool', ...PROMETHEUS, package: 'github.com/prometheus/prometheus/cmd/promtool' },
  { name: 'relabel-oracle', module: 'prometheus', package: './relabel-oracle' },
] as const satisfies readonly BinaryRow[];

/** A name of the table. */
export type BinaryName = (typeof BINARIES)[number]['name'];

/** The row of a name. */
export function binaryRow(name: BinaryName): BinaryRow & { name: BinaryName } {
  const row = BINARIES.find((candidate) => candidate.name === name);
  if (!row)
    throw new Error(`no binary is called ${name}; the table has ${BINARIES.map((b) => b.name).join(', ')}`);
  return row;
}

/** The version that a go.mod requires of a module, as written there (`v1.36.3`). Errors: when it requires none. */
export function requiredVersion(goMod: string, module: string): string {
  for (const line of goMod.split('\n')) {
    const words = line.replace('require', '').trim().split(/\s+/);
    if (words[0] === module && words[1]?.startsWith('v')) return words[1];
  }
  throw new Error(`go.mod requires no version of ${module}`);
}

/** Without these the binaries call themselves v0.0.0-master, and version checks (Helm's kubeVersion) fail. */
function kubernetesVersionFlags(goMod: string): string[] {
  const version = requiredVersion(goMod, 'k8s.io/kubernetes');
  const [major = '', minor = ''] = version.slice(1).split('.');
  return ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap((at) => [
    `-X ${at}.gitVersion=${version}`,
    `-X ${at}.gitMajor=${major}`,
    `-X ${at}.gitMinor=${minor}`,
  ]);
}

/** Lets `--version` tell the version that go.mod pins, as the release builds do. */
function prometheusVersionFlags(module: string): (goMod: string) => string[] {
  return (goMod) => [
    `-X github.com/prometheus/common/version.Version=${requiredVersion(goMod, module).slice(1)}`,
  ];
}

/** Prometheus 3.15.0 is the module's v0.315.0. */
function prometheusReleaseFlags(goMod: string): string[] {
  const version = requiredVersion(goMod, 'github.com/prometheus/prometheus');
  const release = version.replace(/^v0\.(\d)0?(\d+)\.(\d+)$/, '$1.$2.$3');
  return [`-X github.com/prometheus/common/version.Version=${release}`];
}

/** As Helm's Makefile: without the Kubernetes version, `helm template` and `helm lint` take 1.20 for the cluster's. */
function helmVersionFlags(goMod: string): string[] {
  const [, minor = ''] = requiredVersion(goMod, 'k8s.io/client-go').split('.');
  return [
    `-X helm.sh/helm/v3/internal/version.version=${requiredVersion(goMod, 'helm.sh/helm/v3')}`,
    ...['chartutil', 'lint/rules'].flatMap((at) => [
      `-X helm.sh/helm/v3/pkg/${at}.k8sVersionMajor=1`,
      `-X helm.sh/helm/v3/pkg/${at}.k8sVersionMinor=${minor}`,
    ]),
  ];
}
