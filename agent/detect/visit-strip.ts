/**
 * The drawings of one visit, to be joined into an animated PNG. A long visit is thinned, so that a strip has a limited
 * size: then it shows every second drawing, every fourth, and so on, and the first one. Pure.
 */
import { animate } from './animated-png.js';

/** A drawing has 50 to 150 kB. */
const maxDrawings = 60;
const frameMs = 500;
/** The last one stays, so that the end of the visit is seen. */
const lastMs = 2000;

export class VisitStrip {
  /** Of the first drawing: the name of the file. */
  readonly stem: string;
  #drawings: Buffer[] = [];
  /** Each n-th drawing is kept. */
  #step = 1;
  #taken = 0;

  constructor(stem: string) {
    this.stem = stem;
  }

  add(png: Buffer): void {
    if (this.#taken++ % this.#step !== 0) return;
    this.#drawings.push(png);
    if (this.#drawings.length <= maxDrawings) return;
    this.#drawings = this.#drawings.filter((_, index) => index % 2 === 0);
    this.#step *= 2;
  }

  /** @returns the strip as an animated PNG */
  encode(): Buffer {
    const last = this.#drawings.length - 1;
    return animate(
      this.#drawings,
      this.#drawings.map((_, index) => (index === last ? lastMs : frameMs)),
    );
  }
}
