"""OpenCV's MOG2 with its own defaults, beside which the bench measures the agent.

Of the ways to make a decision of its mask that were tried (share of all pixels or the largest blob, opened
or not, 0.1 to 1 %), this one does best.

Standard input: for each frame its width and height (u32, little endian) and its grey pixels.
Standard output: a line for each frame, 1 when something is in view, else 0.
"""

import struct
import sys

import cv2
import numpy

# The smallest part of the picture that counts: the agent's default.
LEAST_SHARE = 0.002

cv2.setNumThreads(1)
model = cv2.createBackgroundSubtractorMOG2()
kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (3, 3))
frames = sys.stdin.buffer
while True:
    header = frames.read(8)
    if len(header) < 8:
        break
    width, height = struct.unpack("<II", header)
    grey = numpy.frombuffer(frames.read(width * height), numpy.uint8).reshape(height, width)
    # 127 is a shadow.
    front = (model.apply(grey) == 255).astype(numpy.uint8)
    front = cv2.morphologyEx(front, cv2.MORPH_OPEN, kernel)
    _, _, facts, _ = cv2.connectedComponentsWithStats(front, connectivity=8)
    largest = facts[1:, cv2.CC_STAT_AREA].max() if len(facts) > 1 else 0
    print(int(largest > LEAST_SHARE * width * height), flush=False)
