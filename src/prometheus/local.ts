import type { PrometheusConfig, ScrapeConfig } from './scrape-config.ts';

/** A program that serves metrics on this machine. */
export interface LocalProgram {
  readonly name: string;
  readonly port: number;
}

/** A Prometheus on a developer's own machine. */
export interface LocalSetup {
  readonly programs: readonly LocalProgram[];
  /** A Prometheus duration. */
  readonly interval: string;
  readonly path: string;
  readonly scheme: 'http' | 'https';
  /** Accepts whatever certificate the programs have, such as the one that controller-runtime makes for itself. */
  readonly insecureSkipVerify: boolean;
  /** Where the developer's browser finds Prometheus. */
  readonly prometheusPort: number;
  /** Prometheus runs in a container whose host is a virtual machine: `localhost` is not where the programs are. */
  readonly dockerVm: boolean;
}

/** The job in which Prometheus scrapes itself. */
export const SELF = 'prometheus';

/** Where Prometheus listens unless told otherwise. */
export const DEFAULT_PROMETHEUS_PORT = 9090;

/** How containers call the machine around their virtual machine. */
const OUTSIDE = 'host.docker.internal';

/** A job for Prometheus itself, and one for each program. */
export function localConfig(setup: LocalSetup): PrometheusConfig {
  const { programs, interval, path, scheme, insecureSkipVerify, dockerVm } = setup;
  const host = dockerVm ? OUTSIDE : 'localhost';
  const job = (name: string, target: string, more: Partial<ScrapeConfig> = {}): ScrapeConfig => ({
    job_name: name,
    scrape_interval: interval,
    ...more,
    static_configs: [{ targets: [target] }],
  });
  const reached: Partial<ScrapeConfig> = {
    ...(path !== '/metrics' && { metrics_path: path }),
    ...(scheme !== 'http' && { scheme }),
    ...(insecureSkipVerify && { tls_config: { insecure_skip_verify: true } }),
  };
  return {
    scrape_configs: [
      job(SELF, `localhost:${innerPort(setup)}`),
      ...programs.map(({ name, port }) => job(name, `${host}:${port}`, reached)),
    ],
  };
}

/** What to type, with the configuration in the file `prometheus.yml`. */
export interface LocalCommands {
  readonly docker: string;
  /** None where the configuration is for a container. */
  readonly binary?: string;
}

/** How to run Prometheus with {@link localConfig}. */
export function localCommands(setup: LocalSetup): LocalCommands {
  const { prometheusPort, dockerVm } = setup;
  const mount = '-v "$PWD/prometheus.yml:/etc/prometheus/prometheus.yml"';
  if (dockerVm) {
    // Docker publishes on every address of the machine unless told one.
    const publish = `-p 127.0.0.1:${prometheusPort}:${innerPort(setup)}`;
    return { docker: `docker run -d ${publish} ${mount} prom/prometheus` };
  }
  // Prometheus listens on every address of the machine too unless told one.
  const listen = `--web.listen-address=127.0.0.1:${prometheusPort}`;
  // Arguments take the place of the image's own.
  const own = '--config.file=/etc/prometheus/prometheus.yml --storage.tsdb.path=/prometheus';
  return {
    docker: `docker run -d --net=host ${mount} prom/prometheus ${own} ${listen}`,
    binary: `prometheus --config.file=prometheus.yml ${listen}`,
  };
}

/** Where Prometheus listens itself: in its own network, a published port leads to the usual one. */
function innerPort({ prometheusPort, dockerVm }: LocalSetup): number {
  return dockerVm ? DEFAULT_PROMETHEUS_PORT : prometheusPort;
}
