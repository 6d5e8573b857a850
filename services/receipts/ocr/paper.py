"""Where on the picture the paper is. A receipt is the largest bright thing on most photos, and fills all of a scan."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Grey = NDArray[np.uint8]
SMALL = 600  # pixels of the longer side, to look for paper on
LEAST, MOST = 0.08, 0.93  # of the picture; more than MOST is a scan, and has nothing to crop
RECTANGULAR = 0.72  # of its box must be paper: else it is a hand, a table, or two receipts
NARROWEST = 150  # pixels
PRINTED = 1400  # pixels of the longer side, to look for print on
LETTERS = 40  # fewer say nothing of where print is


@dataclass(frozen=True, slots=True)
class Sheet:
    """A bright thing: its corners (from the top left, clockwise) in pixels of the whole picture, and its shares of the
    picture and of its own box."""

    corners: NDArray[np.float32]
    area: float
    fullness: float


def sheets(picture: Grey) -> list[Sheet]:
    """The largest first."""
    height, width = picture.shape
    factor = min(1.0, SMALL / max(height, width))
    small = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    _, bright = cv2.threshold(cv2.GaussianBlur(small, (7, 7), 0), 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    bright = cv2.morphologyEx(bright, cv2.MORPH_CLOSE, np.ones((25, 25), np.uint8))  # over the print
    bright = cv2.morphologyEx(bright, cv2.MORPH_OPEN, np.ones((9, 9), np.uint8))
    outlines, _ = cv2.findContours(bright, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    found = []
    for outline in outlines:
        box = cv2.minAreaRect(outline)
        area, of_box = cv2.contourArea(outline), box[1][0] * box[1][1]
        if of_box > 0 and min(box[1]) >= SMALL / 10:
            corners = _in_order(cv2.boxPoints(box) / factor)
            found.append(Sheet(corners, area / (small.shape[0] * small.shape[1]), area / of_box))
    return sorted(found, key=lambda sheet: -sheet.area)


def cropped(picture: Grey) -> Grey:
    """Only the paper, straightened; the whole picture where none stands out."""
    found = sheets(picture)
    if not found or not LEAST <= found[0].area <= MOST or found[0].fullness < RECTANGULAR:
        return picture
    corners = found[0].corners
    width = round(float(np.linalg.norm(corners[1] - corners[0])))
    height = round(float(np.linalg.norm(corners[3] - corners[0])))
    if min(width, height) < NARROWEST:
        return picture
    to = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    warp = cv2.getPerspectiveTransform(corners, to)
    return _grey(cv2.warpPerspective(picture, warp, (width, height), borderMode=cv2.BORDER_REPLICATE))


def bright_box(picture: Image.Image) -> Image.Image:
    """Cut to rows and columns that are bright for a good part, without turning or straightening anything: nothing is
    lost of a receipt whose outline misleads."""
    small = picture.copy()
    small.thumbnail((400, 400))
    pixels = np.asarray(small)
    edge, _ = cv2.threshold(pixels, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    bright = pixels > edge
    share = float(bright.mean())
    if not 0.05 <= share <= 0.9:
        return picture
    rows, columns = np.nonzero(bright.mean(1) > 0.15)[0], np.nonzero(bright.mean(0) > 0.15)[0]
    if len(rows) < 40 or len(columns) < 40:
        return picture
    scale, pad = picture.width / small.width, 4
    return picture.crop(
        (
            max(0, round((columns[0] - pad) * scale)),
            max(0, round((rows[0] - pad) * scale)),
            min(picture.width, round((columns[-1] + pad) * scale)),
            min(picture.height, round((rows[-1] + pad) * scale)),
        )
    )


def _in_order(corners: NDArray[np.float32]) -> NDArray[np.float32]:
    """Top left, top right, bottom right, bottom left."""
    sums, differences = corners.sum(1), np.diff(corners, axis=1)[:, 0]
    order = [sums.argmin(), differences.argmin(), sums.argmax(), differences.argmax()]
    return np.array([corners[index] for index in order], np.float32)


def _grey(picture: object) -> Grey:
    return np.asarray(picture, np.uint8)


def printed_part(sheet: Grey) -> Grey:
    """Cut to where print is: a receipt on a page of a scanner fills a third of it, and its letters would be small."""
    factor = min(1.0, PRINTED / max(sheet.shape))
    small = np.asarray(cv2.resize(sheet, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)
    light = cv2.GaussianBlur(cv2.dilate(small, np.ones((5, 5), np.uint8)), (0, 0), 8)
    ink = cv2.subtract(light, small)
    edge, _ = cv2.threshold(ink, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    _, dark = cv2.threshold(ink, max(edge, 25), 255, cv2.THRESH_BINARY)
    _, _, found, _ = cv2.connectedComponentsWithStats(np.asarray(dark, np.uint8), connectivity=8)
    letters = found[1:][(found[1:, 3] >= 4) & (found[1:, 3] <= 60) & (found[1:, 2] <= 90) & (found[1:, 4] >= 6)]
    if len(letters) < LETTERS:
        return sheet
    heights = np.median(letters[:, 3])
    reach = round(float(heights) * 3) | 1
    page = np.zeros_like(small)
    for left, top, width, height, _ in letters:
        page[top : top + height, left : left + width] = 255
    page = np.asarray(cv2.morphologyEx(page, cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8)), np.uint8)
    _, _, blocks, _ = cv2.connectedComponentsWithStats(page, connectivity=8)
    blocks = blocks[1:][blocks[1:, 4] >= 0.01 * blocks[1:, 4].sum()]
    pad = 2 * float(heights)
    left, top = blocks[:, 0].min() - pad, blocks[:, 1].min() - pad
    right, bottom = (blocks[:, 0] + blocks[:, 2]).max() + pad, (blocks[:, 1] + blocks[:, 3]).max() + pad
    rows = slice(max(0, round(top / factor)), min(sheet.shape[0], round(bottom / factor)))
    columns = slice(max(0, round(left / factor)), min(sheet.shape[1], round(right / factor)))
    return np.ascontiguousarray(sheet[rows, columns])
