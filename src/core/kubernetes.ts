/**
 * The parts of Kubernetes' types that the engine reads. Everything is optional and readonly: objects arrive as
 * JSON, are shared between before and after, and are never changed in place. Fields that are not named here pass
 * through untouched because copies are shallow.
 */

export type StringMap = Readonly<Record<string, string>>;

export interface OwnerReference {
  readonly kind?: string;
  readonly name?: string;
  readonly controller?: boolean;
}

export interface ObjectMeta {
  readonly name?: string;
  readonly generateName?: string;
  readonly namespace?: string;
  readonly labels?: StringMap | null;
  readonly annotations?: StringMap | null;
  readonly ownerReferences?: readonly OwnerReference[] | null;
  readonly deletionTimestamp?: string | null;
}

export interface ContainerPort {
  readonly name?: string | null;
  readonly containerPort: number;
  readonly hostPort?: number;
  /** Absent means TCP, the apiserver's default. */
  readonly protocol?: string | null;
}

export interface EnvVar {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: unknown;
}

/** Text after the apiserver; a custom kind may keep the number that its owner wrote. */
export type Quantities = Readonly<Record<string, string | number>>;

export interface ResourceRequirements {
  readonly requests?: Quantities | null;
  readonly limits?: Quantities | null;
}

export interface VolumeMount {
  readonly name: string;
  readonly mountPath: string;
  readonly readOnly?: boolean;
}

export interface Container {
  readonly name: string;
  readonly image?: string;
  readonly command?: readonly string[] | null;
  readonly args?: readonly string[] | null;
  readonly ports?: readonly ContainerPort[] | null;
  readonly env?: readonly EnvVar[] | null;
  readonly envFrom?: readonly unknown[] | null;
  readonly resources?: ResourceRequirements | null;
  readonly volumeMounts?: readonly VolumeMount[] | null;
  /** `Always` on an init container makes it a native sidecar. */
  readonly restartPolicy?: string;
  readonly imagePullPolicy?: string;
  readonly securityContext?: unknown;
}

export interface Volume {
  readonly name: string;
  readonly downwardAPI?: unknown;
}

export interface PodSpec {
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[] | null;
  readonly volumes?: readonly Volume[] | null;
  readonly restartPolicy?: string;
  readonly hostNetwork?: boolean;
  readonly os?: { readonly name?: string } | null;
  readonly nodeSelector?: StringMap | null;
  readonly automountServiceAccountToken?: boolean;
  readonly securityContext?: unknown;
  /** Pod-level resources (Kubernetes ≥ 1.32). */
  readonly resources?: unknown;
}

export interface Pod {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: ObjectMeta | null;
  readonly spec: PodSpec;
}
