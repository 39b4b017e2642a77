/** The topics that are published, docs/homeassistant.md. Pure. */

export interface ReceiverTopics {
  readonly base: string;
  readonly status: string;
  readonly state: string;
}

export interface CameraTopics {
  readonly availability: string;
  readonly motion: string;
  /** Not retained: each message is an occurrence. */
  readonly event: string;
  readonly last: string;
  readonly picture: string;
  readonly newest: string;
  readonly state: string;
}

/** @param receiver 8 hex digits */
export function receiverTopics(receiver: string): ReceiverTopics {
  const base = `picchanged/${receiver}`;
  return { base, status: `${base}/status`, state: `${base}/state` };
}

export function cameraTopics(receiver: string, camera: string): CameraTopics {
  const base = `${receiverTopics(receiver).base}/${camera}`;
  return {
    availability: `${base}/availability`,
    motion: `${base}/motion`,
    event: `${base}/event`,
    last: `${base}/event/last`,
    picture: `${base}/event/picture`,
    newest: `${base}/newest`,
    state: `${base}/state`,
  };
}

/** @param device letters, digits, - and _ */
export const discoveryTopic = (prefix: string, device: string): string =>
  `${prefix}/device/${device}/config`;
/** Home Assistant says `online` here when it has started. */
export const homeStatusTopic = (prefix: string): string => `${prefix}/status`;
