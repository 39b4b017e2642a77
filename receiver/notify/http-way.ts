/**
 * Notices by HTTP: to an ntfy server (https://docs.ntfy.sh/publish/), or as JSON to a webhook. No redirect is followed: it
 * would take picture and password elsewhere.
 */
import { createHash, createHmac } from 'node:crypto';
import { OperationalError } from '../../shared/cli/errors.js';
import { withTimeLimit } from '../../shared/time-limit.js';
import type { Way } from './notice-queue.js';
import { type NoticeText, camerasOf, noticeFacts, noticeText } from './notice-text.js';
import type { BestFrame, Notice } from './notice.js';
import type { NotifyAddress } from './notify-address.js';

/** `multipart`: the picture is a part of a form, and not base64 in the JSON. */
export type WebhookFormat = 'json' | 'multipart';

export interface HttpSettings {
  readonly address: NotifyAddress;
  /** For the signature of a webhook's body. */
  readonly secret: string | undefined;
  /** Of a webhook's body. */
  readonly format: WebhookFormat;
  /** Address of the viewer; undefined: no link. */
  readonly viewer: string | undefined;
  /** The bytes of a frame; undefined: it is not sent, or is gone. */
  readonly readPicture: (frame: BestFrame) => Promise<Buffer | undefined>;
  readonly timeLimitMs: number;
  readonly utcOffsetMinutes: (atMs: number) => number;
}

/** RFC 9110, 15.5.14. */
const contentTooLarge = 413;

interface Request {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | string | FormData;
}

export function httpWay(settings: HttpSettings): Way {
  const { address, timeLimitMs } = settings;
  const request = address.kind === 'ntfy' ? ntfyRequest : webhookRequest;
  return {
    ...{ name: address.name, replaces: true, isTriedOnce: false, takes: () => true },
    async send(notice, signal) {
      const picture = notice.kind === 'event' ? await settings.readPicture(notice.best) : undefined;
      const post = async (attached: Buffer | undefined): Promise<number> => {
        const { headers, body } = request(notice, attached, settings);
        const { authorization } = address;
        const ask = (limited: AbortSignal): Promise<Response> =>
          fetch(address.url, {
            method: 'POST',
            headers: {
              ...headers,
              ...(authorization !== undefined && { authorization }),
              // The server closes an idle connection at some time: a notice that is sent then fails, and waits.
              connection: 'close',
            },
            body,
            redirect: 'manual',
            signal: limited,
          });
        const response = await withTimeLimit(signal, timeLimitMs, ask).catch((cause: unknown) => {
          if (signal.aborted) throw cause;
          throw new OperationalError('LINK', `${address.name} does not answer`, { cause });
        });
        await response.body?.cancel();
        return response.status;
      };
      let status = await post(picture);
      // The same picture again would keep all later notices waiting.
      if (status === contentTooLarge && picture !== undefined) status = await post(undefined);
      if (status >= 200 && status < 300) return;
      const isMoved = status >= 300 && status < 400;
      throw new OperationalError('LINK', `${address.name} answered ${status}`, {
        ...(isMoved && { hint: 'no redirect is followed: name the address that it leads to' }),
      });
    },
  };
}

function ntfyRequest(notice: Notice, picture: Buffer | undefined, settings: HttpSettings): Request {
  const { title, text } = noticeText(notice, settings.utcOffsetMinutes);
  const click = viewerLink(notice, settings.viewer);
  const headers = {
    ...{ title, priority: priorityOf(notice), tags: tagOf(notice) },
    // The same for begin and end: since version 2.16 the server lets the later one replace the earlier one.
    'x-sequence-id': createHash('sha256').update(notice.id).digest('hex').slice(0, 32),
    ...(click !== undefined && { click }),
  };
  if (picture === undefined) return { headers, body: text };
  const filename = `${camerasOf(notice)[0] ?? 'frame'}.jpg`;
  return { headers: { ...headers, message: text, filename }, body: picture };
}

/** 1 to 5; 3 is the default. The end of what was announced makes no noise. */
function priorityOf({ kind, phase }: Notice): string {
  if (phase === 'begin') return kind === 'silence' ? '5' : '4';
  return kind === 'event' ? '2' : '3';
}

function tagOf({ kind, phase }: Notice): string {
  if (kind === 'silence' || kind === 'problem')
    return phase === 'begin' ? 'warning' : 'white_check_mark';
  return kind === 'late' ? 'hourglass' : 'eyes';
}

/** One signature holds for JSON and picture: the JSON has the picture, or its SHA-256. */
function webhookRequest(
  notice: Notice,
  picture: Buffer | undefined,
  { secret, viewer, utcOffsetMinutes, format }: HttpSettings,
): Request {
  const words: NoticeText = noticeText(notice, utcOffsetMinutes);
  const link = viewerLink(notice, viewer);
  const isForm = format === 'multipart';
  const jpeg = isForm ? undefined : picture?.toString('base64');
  const json = JSON.stringify({ ...noticeFacts(notice), ...words, link, picture: jpeg });
  const hmac = secret === undefined ? undefined : createHmac('sha256', secret).update(json);
  const headers = {
    'user-agent': 'picchanged',
    ...(hmac !== undefined && { 'x-picchanged-signature': `sha256=${hmac.digest('hex')}` }),
  };
  if (!isForm) return { headers: { ...headers, 'content-type': 'application/json' }, body: json };
  const form = new FormData();
  form.set('notice', new Blob([json], { type: 'application/json' }), 'notice.json');
  if (picture !== undefined) {
    form.set('picture', new Blob([picture], { type: 'image/jpeg' }), 'picture.jpg');
  }
  // fetch makes the header with the boundary.
  return { headers, body: form };
}

function viewerLink(notice: Notice, viewer: string | undefined): string | undefined {
  if (viewer === undefined) return undefined;
  const [camera] = camerasOf(notice);
  if (camera === undefined) return viewer;
  const atMs = notice.kind === 'event' ? notice.best.capturedAtMs : notice.fromMs;
  return `${viewer.replace(/[#/]*$/, '')}/#camera=${camera}&at=${new Date(atMs).toISOString()}`;
}
