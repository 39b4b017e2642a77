/** The cookie that has the token of a session. */
import type { IncomingMessage } from 'node:http';

const token = /^[\w-]{43}$/;
/** Looked up for one request. */
const maxTokens = 4;

/** Cookies do not know ports: two viewers of one machine have names of their own. */
function nameFor({ socket }: IncomingMessage): string {
  return `picchanged-${socket.localPort ?? 'socket'}`;
}

/**
 * A value of `Set-Cookie`. Without a path: the cookie is then valid below the folder of the address that set it,
 * `…/api/v1/`, by the browser's view of it, also behind a proxy that changes addresses. All that needs it is there.
 */
export function cookieFor(
  request: IncomingMessage,
  value: string,
  { maxAgeS, isHttps }: { readonly maxAgeS: number; readonly isHttps: boolean },
): string {
  const secure = isHttps ? '; Secure' : '';
  return `${nameFor(request)}=${value}; Max-Age=${maxAgeS}; HttpOnly; SameSite=Strict${secure}`;
}

/** Several, when a cookie of another path has the same name. */
export function tokensIn(request: IncomingMessage): string[] {
  const name = nameFor(request);
  return (request.headers.cookie ?? '')
    .split(';')
    .map((pair) => pair.trim().split('='))
    .flatMap(([key, text = '']) => (key === name && token.test(text) ? [text] : []))
    .slice(0, maxTokens);
}
