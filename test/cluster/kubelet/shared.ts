import type { ControlPlane } from '../control-plane.ts';
import type { ImageEntry } from './images.ts';
import type { PodNetwork } from './network.ts';
import type { Objects } from './objects.ts';

/** What the workers of all Pods share. */
export interface Shared {
  readonly plane: ControlPlane;
  readonly network: PodNetwork;
  readonly objects: Objects;
  readonly images: Readonly<Record<string, ImageEntry>>;
  readonly nodeName: string;
  readonly folder: string;
  readonly log: (line: string) => void;
}
