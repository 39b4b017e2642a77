/** Fingers, mouse and wheel over the picture: zoom, pan, and swipes between events. */
import { swipeOf, wholePicture, zoomAt } from './picture-fit.js';
import type { PictureView } from './picture-view.js';

interface Point {
  readonly x: number;
  readonly y: number;
}

export interface PictureActions {
  readonly onSwipe: (direction: 'next' | 'previous') => void;
}

const doubleTapMs = 300;

export function followGestures(
  canvas: HTMLCanvasElement,
  picture: PictureView,
  { onSwipe }: PictureActions,
): () => void {
  const fingers = new Map<number, Point>();
  const ending = new AbortController();
  const { signal } = ending;
  let start: (Point & { readonly ms: number }) | undefined;
  let lastTapMs = -Infinity;
  /** A second finger was down: its end is no swipe. */
  let wasPinch = false;

  const pointOf = ({ clientX, clientY }: MouseEvent): Point => {
    const { left, top } = canvas.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  };
  const zoomBy = (point: Point, factor: number): void => {
    const { picture: size, stage } = picture.sizes;
    picture.zoom = zoomAt(size, stage, picture.zoom, point, factor);
  };
  const toggle = (point: Point): void => {
    if (picture.zoom.scale > 1) picture.zoom = wholePicture;
    else zoomBy(point, 3);
  };

  canvas.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      zoomBy(pointOf(event), Math.exp(-event.deltaY * (event.deltaMode === 1 ? 0.05 : 0.002)));
    },
    { passive: false, signal },
  );
  canvas.addEventListener('dblclick', (event) => toggle(pointOf(event)), { signal });

  canvas.addEventListener(
    'pointerdown',
    (event) => {
      if (event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      const point = pointOf(event);
      fingers.set(event.pointerId, point);
      wasPinch = fingers.size > 1;
      start = { ...point, ms: event.timeStamp };
    },
    { signal },
  );
  canvas.addEventListener(
    'pointermove',
    (event) => {
      const before = fingers.get(event.pointerId);
      if (before === undefined) return;
      const point = pointOf(event);
      const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
      fingers.set(event.pointerId, point);
      if (other !== undefined) {
        const middle = { x: (point.x + other.x) / 2, y: (point.y + other.y) / 2 };
        zoomBy(middle, distance(point, other) / Math.max(1, distance(before, other)));
      }
      if (picture.zoom.scale <= 1) return;
      const share = other === undefined ? 1 : 0.5;
      picture.zoom = {
        scale: picture.zoom.scale,
        x: picture.zoom.x + (point.x - before.x) * share,
        y: picture.zoom.y + (point.y - before.y) * share,
      };
    },
    { signal },
  );
  const end = (event: PointerEvent): void => {
    if (!fingers.delete(event.pointerId) || start === undefined) return;
    if (event.type === 'pointercancel' || event.pointerType !== 'touch' || wasPinch) return;
    const point = pointOf(event);
    const ms = event.timeStamp - start.ms;
    const moved = { x: point.x - start.x, y: point.y - start.y, ms };
    const swipe = picture.zoom.scale > 1 ? undefined : swipeOf(moved);
    if (swipe !== undefined) onSwipe(swipe);
    else if (Math.hypot(moved.x, moved.y) < 12 && ms < doubleTapMs) {
      // The browser makes no dblclick where it leaves touches to the page.
      const isSecond = event.timeStamp - lastTapMs < doubleTapMs;
      lastTapMs = isSecond ? -Infinity : event.timeStamp;
      if (isSecond) toggle(point);
    }
  };
  canvas.addEventListener('pointerup', end, { signal });
  canvas.addEventListener('pointercancel', end, { signal });
  return () => ending.abort();
}

const distance = (a: Point, b: Point): number => Math.hypot(a.x - b.x, a.y - b.y);
