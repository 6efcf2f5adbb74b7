"""Moving pictures: each frame is what the pages show, for as long as it was told to."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, ImageSequence
from playwright.async_api import Browser, ViewportSize

from sandbox.browser.recorder import GLIDE_FRAMES, Pointer, Recorder

pytestmark = pytest.mark.browser

SIZE = ViewportSize(width=60, height=40)
PAGE = '<body style="margin:0; background:{}"><p style="position:fixed; left:40px">x'


async def test_two_pages_are_recorded_side_by_side(browser: Browser, tmp_path: Path):
    left, right = [await browser.new_page(viewport=SIZE) for _ in range(2)]
    await left.set_content(PAGE.format("red"))
    await right.set_content(PAGE.format("lime"))
    recorder = Recorder([left, right])

    await recorder.hold(0.5)
    await recorder.hold(1.0)  # nothing has changed: the same frame, for longer
    await right.set_content(PAGE.format("blue"))
    await recorder.hold(2.0)

    path = tmp_path / "picture.webp"
    assert recorder.save(path) == path.stat().st_size
    with Image.open(path) as picture:
        assert (picture.size, picture.info["loop"]) == ((120, 40), 0)
        seen = []
        for frame in ImageSequence.Iterator(picture):
            colours = frame.convert("RGB")
            corners = colours.getpixel((1, 39)), colours.getpixel((119, 39))
            seen.append((corners, frame.info["duration"]))
    red, lime, blue = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    assert seen == [((red, lime), 1500), ((red, blue), 2000)]


async def test_the_pointer_is_seen_on_its_way(browser: Browser, tmp_path: Path):
    page = await browser.new_page(viewport=SIZE)
    await page.set_content(PAGE.format("red"))
    recorder = Recorder([page])
    pointer = Pointer(recorder, page)

    await recorder.hold(1.0)
    await pointer.appear(0, 0)
    await pointer.move_to(page.locator("p"))
    await pointer.vanish()
    await recorder.hold(1.0)

    recorder.save(tmp_path / "picture.webp")
    with Image.open(tmp_path / "picture.webp") as picture:
        assert len(list(ImageSequence.Iterator(picture))) == 1 + GLIDE_FRAMES + 1
