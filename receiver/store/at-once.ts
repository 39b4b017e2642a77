/** Works beside each other. */

/**
 * @param limit how many run at the same time
 * @returns the results in the order of the items
 * @throws the error of the first work that failed, when none runs any more; further ones are not begun
 */
export async function mapAtOnce<Item, Result>(
  items: readonly Item[],
  limit: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const rest = items.entries();
  let failure: { readonly cause: unknown } | undefined;
  const lane = async (): Promise<void> => {
    for (const [at, item] of rest) {
      if (failure !== undefined) return;
      try {
        results[at] = await work(item);
      } catch (cause) {
        failure ??= { cause };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane));
  if (failure !== undefined) throw failure.cause;
  return results;
}

/**
 * Results in the order of the items, while the works of the next ones run.
 * @param limit how many run at the same time
 * @throws the error of the first work that failed, in its turn
 */
export async function* runAhead<Item, Result>(
  items: readonly Item[],
  limit: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const running: Promise<Result>[] = [];
  const waiting = [...items];
  for (;;) {
    for (const item of waiting.splice(0, limit - running.length)) {
      const result = work(item);
      // Its error is thrown when its turn comes.
      result.catch(() => undefined);
      running.push(result);
    }
    const next = running.shift();
    if (next === undefined) return;
    yield await next;
  }
}
