/** Lets a component follow signals. */
import { effect } from '@preact/signals-core';
import { useLayoutEffect, useState } from 'preact/hooks';

/** @param read depends on signals only */
export function useValue<Value>(read: () => Value): Value {
  const [value, setValue] = useState(read);
  useLayoutEffect(
    () =>
      effect(() => {
        const next = read();
        setValue(() => next);
      }),
    [],
  );
  return value;
}
