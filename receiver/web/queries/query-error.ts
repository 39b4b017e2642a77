/** A request that a query cannot answer. Pure. */

export type QueryErrorCode = 'bad-request' | 'not-found' | 'gone' | 'busy';

export class QueryError extends Error {
  readonly code: QueryErrorCode;

  /** @param message a sentence for people */
  constructor(code: QueryErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
