/** The order in which people expect names with numbers: `cam2` comes before `cam10`. Pure. */

let collator: Intl.Collator | undefined;

/** For `sort`; names that differ are never equal. */
export function naturalOrder(one: string, other: string): number {
  collator ??= new Intl.Collator('en', { numeric: true });
  const difference = collator.compare(one, other);
  // `cam1` and `cam01` are one number.
  if (difference !== 0 || one === other) return difference;
  return one < other ? -1 : 1;
}
