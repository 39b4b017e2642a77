/** Types of audit.mjs, for its test. */
export function readAudit(text: string): { message: string; isVulnerable: boolean };
export function audit(): boolean;
