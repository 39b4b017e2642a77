/** Makes elements. Texts are set as text, never as HTML: names of files and folders are in them. */

type Attributes = Readonly<Record<string, string | undefined>>;

export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

export function button(label: string, title: string, onClick: () => void): HTMLButtonElement {
  const element = make('button', { type: 'button', title, 'aria-label': title }, label);
  element.addEventListener('click', onClick);
  return element;
}

/** A box to tick. */
export function tick(label: string, isTicked: boolean, onChange: (isTicked: boolean) => void) {
  const box = make('input', { type: 'checkbox' });
  box.checked = isTicked;
  box.addEventListener('change', () => onChange(box.checked));
  return make('label', {}, box, label);
}

const colourNames = [
  ...(['panel', 'lane', 'ink', 'accent'] as const),
  ...(['change', 'near', 'quiet', 'skipped', 'lit', 'sent'] as const),
] as const;
export type Colours = Readonly<Record<(typeof colourNames)[number], string>>;

/** The colours of the style sheet, in light or dark; to be read for each drawing. */
export function readColours(): Colours {
  const style = getComputedStyle(document.documentElement);
  const entries = colourNames.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]);
  return Object.fromEntries(entries) as Colours;
}

/**
 * Fits a canvas to its size on the screen.
 * @returns its context, in CSS pixels, cleared; undefined: it is not shown
 */
export function prepare(canvas: HTMLCanvasElement, widthPx: number, heightPx: number) {
  const context = canvas.getContext('2d');
  if (context === null || widthPx <= 0 || heightPx <= 0) return undefined;
  const scale = Math.min(3, devicePixelRatio);
  canvas.width = Math.round(widthPx * scale);
  canvas.height = Math.round(heightPx * scale);
  context.setTransform(scale, 0, 0, scale, 0, 0);
  return context;
}
