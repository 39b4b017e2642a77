/** `Map.prototype.getOrInsertComputed`, which Node 20 does not have. Pure. */

/** The value of a key, which is computed and inserted if there is none. */
export function getOrInsertComputed<Key, Value extends object>(
  map: Map<Key, Value>,
  key: Key,
  compute: (key: Key) => Value,
): Value {
  const present = map.get(key);
  if (present !== undefined) return present;
  const value = compute(key);
  map.set(key, value);
  return value;
}
