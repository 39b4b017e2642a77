/** The groups of rows of `--stress`. */
import { type Alteration, alterations, laterAlterations } from './alterations.js';
import { movingLights } from './moving-light.js';

export interface Stress {
  readonly title: string;
  readonly alterations: readonly Alteration[];
  readonly hasMean: boolean;
}

const original: Alteration = { name: 'original', isOfFrames: false, alter: (sequence) => sequence };

export const stresses: readonly Stress[] = [
  { title: 'Sequences as they are', alterations: [original], hasMean: false },
  { title: 'Altered sequences', alterations, hasMean: true },
  { title: 'Altered in other ways', alterations: laterAlterations, hasMean: false },
  { title: 'In moving light', alterations: movingLights, hasMean: true },
];
