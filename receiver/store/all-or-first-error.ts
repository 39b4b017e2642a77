/** Waits for things that are done side by side. Pure. */

/**
 * Waits until all are done, also when one fails: a handle that they use must not be closed before.
 * @throws what the first of them throws
 */
export async function allOrFirstError<const T extends readonly unknown[]>(
  promises: T,
): Promise<{ -readonly [Key in keyof T]: Awaited<T[Key]> }> {
  const results = await Promise.allSettled(promises);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return results.map((result) => (result as PromiseFulfilledResult<unknown>).value) as {
    -readonly [Key in keyof T]: Awaited<T[Key]>;
  };
}
