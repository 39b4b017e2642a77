/** Requests to the server, by relative addresses; it keeps whether the server answers. */
import type { ErrorAnswer } from '../api-types.js';
import { downSince, isLocked } from './state.js';

const base = 'api/v1/';

export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export type Parameters = Readonly<Record<string, string | number>>;

export function addressOfApi(path: string, parameters: Parameters = {}): string {
  const query = Object.entries(parameters).map(
    ([name, value]) => `${name}=${encodeURIComponent(value)}`,
  );
  return query.length === 0 ? `${base}${path}` : `${base}${path}?${query.join('&')}`;
}

export const wasAborted = (error: unknown): boolean =>
  error instanceof DOMException && error.name === 'AbortError';

/** The server answered, or not: the page shows since when it does not. */
export function noteAnswer(isThere: boolean): void {
  if (isThere) downSince.value = null;
  else downSince.value ??= Date.now();
}

async function errorOf(response: Response): Promise<ApiError> {
  try {
    const { code, message } = (await response.json()) as ErrorAnswer;
    return new ApiError(code, message);
  } catch {
    return new ApiError('failed', `the server answered ${response.status}`);
  }
}

/** @throws {ApiError} the server refuses, or is away @throws AbortError */
export async function ask(address: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(address, init);
  } catch (error) {
    if (wasAborted(error)) throw error;
    noteAnswer(false);
    throw new ApiError('away', 'the server does not answer');
  }
  // A proxy in front answers so while the server is away.
  const isAway = [502, 503, 504].includes(response.status);
  const error = response.ok ? undefined : await errorOf(response);
  noteAnswer(!isAway || error?.code === 'busy');
  if (error === undefined) return response;
  if (response.status === 401 || error.code === 'password-needed') isLocked.value = true;
  throw error;
}

/** The JSON value at a path of the API. @throws as `ask` */
export async function get<Answer>(
  path: string,
  parameters: Parameters = {},
  signal?: AbortSignal,
): Promise<Answer> {
  const response = await ask(
    addressOfApi(path, parameters),
    signal === undefined ? {} : { signal },
  );
  return (await response.json()) as Answer;
}

/** @returns the JSON of the answer @throws as `ask` */
export async function post(path: string, value: unknown, method = 'POST'): Promise<unknown> {
  const response = await ask(addressOfApi(path), {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(value),
  });
  return await response.json();
}
