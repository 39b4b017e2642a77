/** Zoom and place of the picture on its stage, and swipes over it. Pure. */

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The whole picture is `{ scale: 1, x: 0, y: 0 }`; x and y move its centre, in pixels of the stage. */
export interface Zoom {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

export const wholePicture: Zoom = { scale: 1, x: 0, y: 0 };
const maxScale = 16;

export interface Rect extends Size {
  readonly x: number;
  readonly y: number;
}

/** Where the picture is drawn. */
export function rectOf(picture: Size, stage: Size, zoom: Zoom): Rect {
  const fit = Math.min(stage.width / picture.width, stage.height / picture.height);
  const [width, height] = [picture.width * fit * zoom.scale, picture.height * fit * zoom.scale];
  return {
    x: (stage.width - width) / 2 + zoom.x,
    y: (stage.height - height) / 2 + zoom.y,
    ...{ width, height },
  };
}

/** No edge of the picture leaves the edge of the stage; a side that is smaller stays in the middle. */
export function clampZoom(picture: Size, stage: Size, zoom: Zoom): Zoom {
  const scale = Math.min(maxScale, Math.max(1, zoom.scale));
  const { width, height } = rectOf(picture, stage, { scale, x: 0, y: 0 });
  const [reachX, reachY] = [width - stage.width, height - stage.height].map((over) =>
    Math.max(0, over / 2),
  ) as [number, number];
  return {
    scale,
    x: Math.min(reachX, Math.max(-reachX, zoom.x)),
    y: Math.min(reachY, Math.max(-reachY, zoom.y)),
  };
}

/** Zooms about a point of the stage: what is under it stays under it. */
export function zoomAt(
  picture: Size,
  stage: Size,
  zoom: Zoom,
  point: { readonly x: number; readonly y: number },
  factor: number,
): Zoom {
  const scale = Math.min(maxScale, Math.max(1, zoom.scale * factor));
  const ratio = scale / zoom.scale;
  const [fromX, fromY] = [point.x - stage.width / 2, point.y - stage.height / 2];
  return clampZoom(picture, stage, {
    scale,
    x: fromX - (fromX - zoom.x) * ratio,
    y: fromY - (fromY - zoom.y) * ratio,
  });
}

/** A finger that moved sideways, far and not slowly. @returns the direction in time */
export function swipeOf(moved: {
  readonly x: number;
  readonly y: number;
  readonly ms: number;
}): 'next' | 'previous' | undefined {
  const isSideways = Math.abs(moved.x) > 48 && Math.abs(moved.x) > 1.5 * Math.abs(moved.y);
  if (!isSideways || moved.ms > 800) return undefined;
  return moved.x < 0 ? 'next' : 'previous';
}
