/** The colours of the drawings, read from the style sheet, so that light and dark are written in one place. */
import { signal } from '@preact/signals-core';

const names = [
  ...(['ground', 'quiet', 'change', 'frame', 'gap', 'gap-ink', 'unknown', 'unknown-ink'] as const),
  ...(['ink', 'faint', 'line', 'accent', 'row'] as const),
] as const;
export type Colors = Readonly<Record<(typeof names)[number], string>>;

function readColors(): Colors {
  const style = getComputedStyle(document.documentElement);
  const entries = names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]);
  return Object.fromEntries(entries) as Colors;
}

export const colors = signal<Colors>(readColors());
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  colors.value = readColors();
});
