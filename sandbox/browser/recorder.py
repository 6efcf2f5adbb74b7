"""Records browser pages, side by side, as one animated picture."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image
from playwright.async_api import Locator, Page

GLIDE_FRAMES = 6  # of one movement of the pointer
GLIDE_SECONDS = 0.04  # for which each of them is shown

# Chromium does not draw the mouse into its screenshots.
_POINTER = """
const arrow = document.createElement("div")
arrow.id = "recorded-pointer"
arrow.style.cssText = "position: fixed; left: -40px; top: -40px; z-index: 99999;"
  + "pointer-events: none; width: 20px; height: 28px"
arrow.innerHTML = '<svg width="20" height="28" viewBox="0 0 20 28">'
  + '<path d="M2 2v20l5-5 3.5 8 3.5-1.5-3.5-8H18z" fill="#fff" stroke="#111" stroke-width="1.5"/>'
  + '</svg>'
document.body.append(arrow)
"""
_MOVE = """([x, y]) => {
  const arrow = document.getElementById("recorded-pointer")
  arrow.style.left = `${x}px`
  arrow.style.top = `${y}px`
}"""


class Recorder:
    """Takes frames of pages that stand side by side, from left to right, all of one height."""

    def __init__(self, pages: Sequence[Page]) -> None:
        self._pages = pages
        self._frames: list[Image.Image] = []
        self._seconds: list[float] = []

    async def hold(self, seconds: float) -> None:
        """Record what is to be seen now, and show it for so long."""
        frame = _side_by_side([await _picture(page) for page in self._pages])
        if self._frames and frame.tobytes() == self._frames[-1].tobytes():
            self._seconds[-1] += seconds
        else:
            self._frames.append(frame)
            self._seconds.append(seconds)

    def save(self, path: Path) -> int:
        """Write an animated WebP that plays for ever; return its size in bytes."""
        first, *others = self._frames
        first.save(
            path,
            save_all=True,
            append_images=others,
            duration=[round(one * 1000) for one in self._seconds],
            loop=0,
            lossless=True,  # of flat colours, it is smaller so
            quality=100,
            method=6,
        )
        return path.stat().st_size


class Pointer:
    """A mouse that is seen in the frames."""

    def __init__(self, recorder: Recorder, page: Page) -> None:
        self._recorder = recorder
        self._page = page
        self._at = (0.0, 0.0)

    async def appear(self, x: float, y: float) -> None:
        """Show the arrow at this place of the page."""
        await self._page.evaluate(_POINTER)
        await self._put(x, y)

    async def vanish(self) -> None:
        """Take the arrow out of sight."""
        await self._put(-40, -40)

    async def move_to(self, target: Locator) -> None:
        """Glide to the middle of what will be clicked."""
        box = await target.bounding_box()
        assert box is not None
        begin_x, begin_y = self._at
        end_x, end_y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        for number in range(1, GLIDE_FRAMES + 1):
            share = number / GLIDE_FRAMES
            share = share * share * (3 - 2 * share)  # begins and ends slowly
            await self._put(
                begin_x + (end_x - begin_x) * share, begin_y + (end_y - begin_y) * share
            )
            await self._recorder.hold(GLIDE_SECONDS)

    async def _put(self, x: float, y: float) -> None:
        self._at = (x, y)
        await self._page.evaluate(_MOVE, [x, y])


async def _picture(page: Page) -> Image.Image:
    shot = await page.screenshot(animations="disabled", caret="hide")
    return Image.open(io.BytesIO(shot)).convert("RGB")


def _side_by_side(pictures: Sequence[Image.Image]) -> Image.Image:
    whole = Image.new("RGB", (sum(one.width for one in pictures), pictures[0].height))
    left = 0
    for one in pictures:
        whole.paste(one, (left, 0))
        left += one.width
    return whole
