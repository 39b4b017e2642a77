import { describe, expect, it } from 'vitest';
import { detectKind } from '../../../receiver/examples/file-kind.js';
import { makeJpeg } from '../../support/pictures.js';

const detect = (bytes: Buffer) => detectKind(bytes.subarray(0, 8), bytes.subarray(-1024));
const pdf = Buffer.from('%PDF-1.7\n1 0 obj\nendobj\ntrailer\n%%EOF\n');

describe('the kind of a file', () => {
  it.each([
    ['a PDF', pdf, '.pdf'],
    ['a JPEG', makeJpeg(1), '.jpg'],
    ['a PNG', Buffer.from('89504e470d0a1a0a0000000049454e44ae426082', 'hex'), '.png'],
    ['a ZIP', Buffer.from('504b030400000000504b0506000000000000', 'hex'), '.zip'],
  ])('%s is whole with its end marker, and not whole without', (_, bytes, extension) => {
    expect(detect(bytes)).toEqual({ extension, isWhole: true });
    expect(detect(bytes.subarray(0, 10))).toEqual({ extension, isWhole: false });
  });

  it('without an end marker leaves open whether it is whole', () => {
    expect(detect(Buffer.from('hello'))).toEqual({ extension: '', isWhole: undefined });
  });
});
