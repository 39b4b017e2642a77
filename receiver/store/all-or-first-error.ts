/** Waits for concurrent operations. Pure. */

/**
 * Waits until all have ended, also when one fails: a handle that they use must not be closed earlier.
 * @throws the error of the first of them that failed
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
