/** Icons, drawn in one stroke width. */
import type { JSX } from 'preact';

const paths = {
  play: 'M7 4.5v15l12-7.5z',
  pause: 'M7 5v14M17 5v14',
  next: 'M9 5l7 7-7 7',
  previous: 'M15 5l-7 7 7 7',
  nextEvent: 'M6 5l7 7-7 7M18 5v14',
  previousEvent: 'M18 5l-7 7 7 7M6 5v14',
  calendar: 'M4 6.5h16v13H4zM4 10.5h16M8.5 3.5v4M15.5 3.5v4',
  boxes: 'M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4M9 9h6v6H9z',
  star: 'M12 3.8l2.5 5.2 5.7.8-4.1 4 1 5.7-5.1-2.7-5.1 2.7 1-5.7-4.1-4 5.7-.8z',
  save: 'M12 4v11M7 10.5l5 5 5-5M5 20h14',
  help: 'M9 9.2a3 3 0 1 1 4.3 2.7c-.9.5-1.3 1-1.3 2M12 17.2v.3',
  zone: 'M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM12 7.5V12l3 2',
  go: 'M4 12h14M13 6l6 6-6 6',
  grid: 'M4 5h7v6H4zM13 5h7v6h-7zM4 13h7v6H4zM13 13h7v6h-7z',
  down: 'M6 9l6 6 6-6',
  leave: 'M10 4H5v16h5M10 12h10M16 8l4 4-4 4',
  close: 'M6 6l12 12M18 6L6 18',
  cameraOff: 'M4 8h10v8H4zM14 11l5-3v8l-5-3M4 20L20 4',
} as const;

export interface IconProps {
  readonly name: keyof typeof paths;
  readonly isFilled?: boolean;
}

export function Icon({ name, isFilled = false }: IconProps): JSX.Element {
  return (
    <svg class={isFilled ? 'icon filled' : 'icon'} viewBox="0 0 24 24" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}
