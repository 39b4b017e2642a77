/** Time limits of work that takes a signal. */

/**
 * Not AbortSignal.any with AbortSignal.timeout: on Node 20 the garbage collector may take the timer, and then the limit
 * never comes.
 * @param signal of the caller @throws a TimeoutError, or what `act` makes of it, after the limit
 */
export async function withTimeLimit<T>(
  signal: AbortSignal,
  timeLimitMs: number,
  act: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const abort = (): void => controller.abort(signal.reason);
  const timer = setTimeout(() => {
    const message = `not done within ${timeLimitMs / 1000} s`;
    controller.abort(new DOMException(message, 'TimeoutError'));
  }, timeLimitMs);
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  try {
    return await act(controller.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}
