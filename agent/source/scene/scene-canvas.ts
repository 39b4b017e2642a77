/** Draws shapes with smooth edges on an RGBA picture. Coordinates are those of a 640×480 picture at any size. Pure. */

export const designWidth = 640;
export const designHeight = 480;

export interface Canvas {
  /** `rgba.length === widthPx * heightPx * 4`. */
  readonly rgba: Uint8ClampedArray;
  readonly widthPx: number;
  readonly heightPx: number;
}

/** 0..255 each. */
export type Colour = readonly [red: number, green: number, blue: number];
export type Point = readonly [x: number, y: number];

export interface Shape {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  /** Distance of a point from the edge; negative inside. */
  readonly distance: (x: number, y: number) => number;
}

export interface Paint {
  readonly colour: Colour | ((x: number, y: number) => Colour);
  /** 0..1, default 1. */
  readonly opacity?: number;
  /** Width of the blurred edge, default none. */
  readonly blur?: number;
}

/** Blends a shape into the picture. */
export function fill(canvas: Canvas, shape: Shape, { colour, opacity = 1, blur = 0 }: Paint): void {
  const { rgba, widthPx, heightPx } = canvas;
  const [unitX, unitY] = [designWidth / widthPx, designHeight / heightPx];
  const edge = Math.max(blur, Math.max(unitX, unitY));
  const left = Math.max(0, Math.floor((shape.left - edge) / unitX));
  const right = Math.min(widthPx, Math.ceil((shape.right + edge) / unitX));
  const top = Math.max(0, Math.floor((shape.top - edge) / unitY));
  const bottom = Math.min(heightPx, Math.ceil((shape.bottom + edge) / unitY));
  for (let row = top; row < bottom; row++) {
    const y = (row + 0.5) * unitY;
    for (let column = left; column < right; column++) {
      const x = (column + 0.5) * unitX;
      const inside = 0.5 - shape.distance(x, y) / edge;
      if (inside <= 0) continue;
      const share = Math.min(1, inside) * opacity;
      const [red, green, blue] = typeof colour === 'function' ? colour(x, y) : colour;
      const at = (row * widthPx + column) * 4;
      rgba[at] = rgba[at]! + (red - rgba[at]!) * share;
      rgba[at + 1] = rgba[at + 1]! + (green - rgba[at + 1]!) * share;
      rgba[at + 2] = rgba[at + 2]! + (blue - rgba[at + 2]!) * share;
      rgba[at + 3] = 255;
    }
  }
}

export function box(left: number, top: number, right: number, bottom: number, corner = 0): Shape {
  const [centreX, centreY] = [(left + right) / 2, (top + bottom) / 2];
  const [halfX, halfY] = [(right - left) / 2 - corner, (bottom - top) / 2 - corner];
  const distance = (x: number, y: number): number => {
    const [dx, dy] = [Math.abs(x - centreX) - halfX, Math.abs(y - centreY) - halfY];
    return length(Math.max(dx, 0), Math.max(dy, 0)) + Math.min(Math.max(dx, dy), 0) - corner;
  };
  return { left, top, right, bottom, distance };
}

export function ellipse(x: number, y: number, radiusX: number, radiusY: number): Shape {
  const distance = (atX: number, atY: number): number => {
    const [dx, dy] = [(atX - x) / radiusX, (atY - y) / radiusY];
    const outwards = length(dx, dy);
    // Divided by the slope, else the blur of a flat ellipse would be too wide along its short axis.
    return (outwards * (outwards - 1)) / (length(dx / radiusX, dy / radiusY) || 1);
  };
  return { left: x - radiusX, top: y - radiusY, right: x + radiusX, bottom: y + radiusY, distance };
}

/** A thick line with round ends and a radius at each end. */
export function limb(from: Point, fromRadius: number, to: Point, toRadius: number): Shape {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const squared = dx * dx + dy * dy || 1;
  const radius = Math.max(fromRadius, toRadius);
  return {
    left: Math.min(from[0], to[0]) - radius,
    top: Math.min(from[1], to[1]) - radius,
    right: Math.max(from[0], to[0]) + radius,
    bottom: Math.max(from[1], to[1]) + radius,
    distance: (x, y) => {
      const along = ((x - from[0]) * dx + (y - from[1]) * dy) / squared;
      const share = Math.max(0, Math.min(1, along));
      const thickness = fromRadius + (toRadius - fromRadius) * share;
      return length(x - from[0] - dx * share, y - from[1] - dy * share) - thickness;
    },
  };
}

export function polygon(points: readonly Point[]): Shape {
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const distance = (x: number, y: number): number => {
    let nearest = Infinity;
    let isInside = false;
    for (let n = 0; n < points.length; n++) {
      const [ax, ay] = points[n]!;
      const [bx, by] = points[(n + 1) % points.length]!;
      const [dx, dy] = [bx - ax, by - ay];
      const along = ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy || 1);
      const share = Math.max(0, Math.min(1, along));
      nearest = Math.min(nearest, length(x - ax - dx * share, y - ay - dy * share));
      if (ay > y !== by > y && x < ax + (dx * (y - ay)) / dy) isInside = !isInside;
    }
    return isInside ? -nearest : nearest;
  };
  return {
    left: Math.min(...xs),
    top: Math.min(...ys),
    right: Math.max(...xs),
    bottom: Math.max(...ys),
    distance,
  };
}

export function mix(from: Colour, to: Colour, share: number): Colour {
  return [
    from[0] + (to[0] - from[0]) * share,
    from[1] + (to[1] - from[1]) * share,
    from[2] + (to[2] - from[2]) * share,
  ];
}

export function scaled([red, green, blue]: Colour, factor: number): Colour {
  return [red * factor, green * factor, blue * factor];
}

/** Many times faster than Math.hypot, which guards against overflow. */
const length = (x: number, y: number): number => Math.sqrt(x * x + y * y);
