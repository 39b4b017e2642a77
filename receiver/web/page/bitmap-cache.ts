/** Decoded pictures by address: bounded, shared by requests, aborted when passed, closed when dropped. */
import { ask } from './api.js';

interface Loading {
  readonly controller: AbortController;
  readonly bitmap: Promise<ImageBitmap>;
}

export interface BitmapCacheSettings {
  readonly maxBytes: number;
  /** Pictures are decoded to this width; undefined: to their own. */
  readonly width?: number;
}

export class BitmapCache {
  readonly #settings: BitmapCacheSettings;
  /** In the order of use. */
  readonly #bitmaps = new Map<string, ImageBitmap>();
  readonly #loading = new Map<string, Loading>();
  #bytes = 0;
  #pinned: string | undefined;

  constructor(settings: BitmapCacheSettings) {
    this.#settings = settings;
  }

  get(address: string): ImageBitmap | undefined {
    const bitmap = this.#bitmaps.get(address);
    if (bitmap === undefined) return undefined;
    this.#bitmaps.delete(address);
    this.#bitmaps.set(address, bitmap);
    return bitmap;
  }

  /** The picture on the stage is not closed. */
  pin(address: string | undefined): void {
    this.#pinned = address;
  }

  /** @throws as `ask` @throws {DOMException} the bytes are no picture */
  load(address: string): Promise<ImageBitmap> {
    const known = this.get(address);
    if (known !== undefined) return Promise.resolve(known);
    const running = this.#loading.get(address);
    if (running !== undefined) return running.bitmap;
    const controller = new AbortController();
    const bitmap = this.#fetch(address, controller.signal).finally(() => {
      if (this.#loading.get(address)?.controller === controller) this.#loading.delete(address);
    });
    this.#loading.set(address, { controller, bitmap });
    return bitmap;
  }

  /** Loads in advance; a failure shows when the picture is wanted. */
  prepare(address: string): void {
    this.load(address).catch(() => undefined);
  }

  /** Aborts requests of pictures that are not wanted any more. */
  abortAllBut(addresses: ReadonlySet<string>): void {
    for (const [address, { controller }] of this.#loading) {
      if (addresses.has(address)) continue;
      this.#loading.delete(address);
      controller.abort();
    }
  }

  forget(address: string): void {
    const bitmap = this.#bitmaps.get(address);
    if (bitmap !== undefined) this.#drop(address, bitmap);
  }

  async #fetch(address: string, signal: AbortSignal): Promise<ImageBitmap> {
    const response = await ask(address, { signal });
    const blob = await response.blob();
    const { width } = this.#settings;
    const bitmap = await createImageBitmap(
      blob,
      width === undefined ? {} : { resizeWidth: width, resizeQuality: 'medium' },
    );
    if (signal.aborted) {
      bitmap.close();
      throw new DOMException('the picture is not wanted any more', 'AbortError');
    }
    this.#add(address, bitmap);
    return bitmap;
  }

  #add(address: string, bitmap: ImageBitmap): void {
    this.#bitmaps.set(address, bitmap);
    this.#bytes += bitmap.width * bitmap.height * 4;
    for (const [oldest, each] of this.#bitmaps) {
      if (this.#bytes <= this.#settings.maxBytes) return;
      if (oldest !== this.#pinned && oldest !== address) this.#drop(oldest, each);
    }
  }

  #drop(address: string, bitmap: ImageBitmap): void {
    this.#bitmaps.delete(address);
    this.#bytes -= bitmap.width * bitmap.height * 4;
    bitmap.close();
  }
}
