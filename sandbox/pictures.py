"""`python -m sandbox pictures FOLDER`: the README's pictures, made from the running sandbox."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Page, ViewportSize

from sandbox.browser import CadPage, DiscordPage, chromium
from sandbox.process import Addresses, running

# Both come out 1280 pixels wide; the Discord page has little on it, so it is enlarged.
_CAD_SIZE = ViewportSize(width=1280, height=800)
_DISCORD_SIZE = ViewportSize(width=1024, height=640)
_DISCORD_SCALE = 1.25

# The preview makes the fields of a command narrower than what is typed into them.
_WIDER_FIELDS = """
document.styleSheets[0].insertRule(".command-option-input { box-sizing: content-box }")
"""


async def make(folder: Path) -> None:
    """Attach a unit from the pretend Discord and keep what is to be seen, as PNG files.

    Raises:
        NoChromium: there is no browser to make them with.
    """
    async with chromium() as browser, running("--still") as addresses:
        page = await browser.new_page(
            viewport=_DISCORD_SIZE, device_scale_factor=_DISCORD_SCALE, reduced_motion="reduce"
        )
        await _picture_discord(page, addresses, folder)
        cad = CadPage(await browser.new_page(viewport=_CAD_SIZE, reduced_motion="reduce"))
        await cad.open(addresses.cad)
        await cad.unit("A-12", 100).wait_for()
        await _keep(cad.page, folder / "cad.png")


async def _picture_discord(page: Page, addresses: Addresses, folder: Path) -> None:
    discord = DiscordPage(page)
    await discord.open(addresses.discord)
    await page.evaluate(_WIDER_FIELDS)
    await page.get_by_role("button", name="Messages").click()  # closes the list at the side
    await discord.begin("attach")
    await discord.type("call", "1")
    await _keep(page, folder / "attach.png")
    await discord.choose("#100")
    await discord.type("units", "@Pat")
    await discord.send()
    await discord.message("✅").wait_for()
    await _keep(page, folder / "attached.png")


async def _keep(page: Page, path: Path) -> None:
    picture = await page.screenshot(path=path, animations="disabled", caret="hide")
    print(f"{path}  {len(picture) // 1024} kB")
