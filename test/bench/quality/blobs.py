"""Background subtraction of OpenCV with its own defaults, beside which the bench measures the agent.

Of the ways to make a decision of a mask that were tried (share of all pixels or the largest blob, opened or not), the
largest blob after an opening does best.

Arguments: names of methods below, or --list, which prints those that this OpenCV has.
Standard input: the path of an image in each line.
Standard output: for each image a line of numbers, one for each method: the largest blob as a share of the picture.
"""

import sys

import cv2
import numpy

grey, colour = cv2.IMREAD_GRAYSCALE, cv2.IMREAD_COLOR
methods = {
    "MOG2 grey": (grey, cv2.createBackgroundSubtractorMOG2),
    "MOG2 colour": (colour, cv2.createBackgroundSubtractorMOG2),
    "KNN": (colour, cv2.createBackgroundSubtractorKNN),
}
# In OpenCV's extra modules, which a build may leave out.
if hasattr(cv2, "bgsegm"):
    methods["MOG"] = (colour, cv2.bgsegm.createBackgroundSubtractorMOG)

if sys.argv[1:] == ["--list"]:
    print("\n".join(methods))
    sys.exit()

cv2.setNumThreads(1)
kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (3, 3))
chosen = [(mode, make()) for mode, make in (methods[name] for name in sys.argv[1:])]
for line in sys.stdin:
    images = {mode: cv2.imread(line.rstrip("\n"), mode) for mode in {mode for mode, _ in chosen}}
    shares = []
    for mode, model in chosen:
        # 127 is a shadow.
        front = (model.apply(images[mode]) == 255).astype(numpy.uint8)
        front = cv2.morphologyEx(front, cv2.MORPH_OPEN, kernel)
        _, _, facts, _ = cv2.connectedComponentsWithStats(front, connectivity=8)
        largest = facts[1:, cv2.CC_STAT_AREA].max() if len(facts) > 1 else 0
        shares.append(f"{largest / front.size:.6f}")
    print(*shares)
