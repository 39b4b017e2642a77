/** A button with an icon: its name is its hint too, with the key that does the same. */
import type { JSX } from 'preact';
import { Icon, type IconProps } from './icons.js';

export interface ButtonProps {
  readonly icon: IconProps['name'];
  readonly name: string;
  readonly onPress: () => void;
  readonly keys?: string;
  readonly isOn?: boolean;
  readonly isFilled?: boolean;
  readonly class?: string;
}

export function IconButton(props: ButtonProps): JSX.Element {
  const { icon, name, onPress, keys, isOn, isFilled = false } = props;
  const className = props.class === undefined ? 'button' : `button ${props.class}`;
  return (
    <button
      type="button"
      class={className}
      onClick={onPress}
      title={keys === undefined ? name : `${name} (${keys})`}
      aria-label={name}
      {...(isOn === undefined ? {} : { 'aria-pressed': isOn })}
    >
      <Icon name={icon} isFilled={isFilled} />
    </button>
  );
}
