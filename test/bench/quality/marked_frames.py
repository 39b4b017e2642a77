"""Frames that carry their number as a bar code below the picture, for programs that do not say which frame they saw.

`write OUT`: standard input has the path of an image in each line. OUT gets 00000.jpg, 00001.jpg, ..., whose sides are
multiples of 8, and mask.pgm, which excludes the bar code and what was added at the right.
`read`: standard input has the path of a marked image in each line; standard output gets the number of each.
"""

import sys

import cv2
import numpy

BITS = 16
BAR_HEIGHT = 16


def up_to_eight(size):
    return -(-size // 8) * 8


def write(out):
    for number, line in enumerate(sys.stdin):
        image = cv2.imread(line.rstrip("\n"))
        height, width = image.shape[:2]
        wide, high = up_to_eight(width), up_to_eight(height)
        marked = numpy.zeros((high + BAR_HEIGHT, wide, 3), numpy.uint8)
        marked[:height, :width] = image
        for bit in range(BITS):
            if number >> bit & 1:
                marked[high:, bit * wide // BITS : (bit + 1) * wide // BITS] = 255
        cv2.imwrite(f"{out}/{number:05}.jpg", marked, [cv2.IMWRITE_JPEG_QUALITY, 95])
        if number == 0:
            mask = numpy.zeros(marked.shape[:2], numpy.uint8)
            mask[:height, :width] = 255
            cv2.imwrite(f"{out}/mask.pgm", mask)


def read():
    for line in sys.stdin:
        image = cv2.imread(line.rstrip("\n"), cv2.IMREAD_GRAYSCALE)
        middle, wide = image.shape[0] - BAR_HEIGHT // 2, image.shape[1]
        bits = (image[middle, int((bit + 0.5) * wide / BITS)] > 127 for bit in range(BITS))
        print(sum(int(is_set) << bit for bit, is_set in enumerate(bits)))


if sys.argv[1] == "write":
    write(sys.argv[2])
else:
    read()
