/** For the test that reads it. */
export function readAudit(text: string): { says: string; isHole: boolean };
export function audit(): boolean;
