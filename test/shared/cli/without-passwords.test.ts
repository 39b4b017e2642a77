import { describe, expect, it } from 'vitest';
import { withoutPasswords } from '../../../shared/cli/without-passwords.js';

describe('withoutPasswords', () => {
  it.each([
    ['rtsp://admin:secret@cam:554/yard', 'rtsp://…@cam:554/yard'],
    ['["ffmpeg","-i","http://a:p/w@1@cam/x","-"]', '["ffmpeg","-i","http://…@cam/x","-"]'],
    ['http://cam/snapshot.jpg me@home', 'http://cam/snapshot.jpg me@home'],
    ['folder:/srv/ftp', 'folder:/srv/ftp'],
  ])('shows %s as %s', (text, shown) => expect(withoutPasswords(text)).toBe(shown));
});
