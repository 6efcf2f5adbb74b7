"""`python -m sandbox pictures FOLDER`: the pictures of the documents, from the running sandbox."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Locator, Page, ViewportSize

from sandbox.browser import moving_pictures
from sandbox.browser.chromium import CadPage, DiscordPage, open_chromium
from sandbox.process import Addresses, running_sandbox

_CAD_SIZE = ViewportSize(width=1280, height=800)
_CARD_SCALE = 1.25
_CARD_SIZE = ViewportSize(width=600, height=900)
_STALE_SECONDS = 180.0  # the bot marks a card as stale after two minutes

# The preview writes beside each message that it was edited, and offers to reply to it.
_STYLE_FIXES = """
const rules = [".message-edited, .message-edited-compact { display: none }",
  ".message-context-actions { display: none !important }"]
for (const rule of rules) document.styleSheets[0].insertRule(rule)
"""


async def make_pictures(folder: Path) -> None:
    """Make every picture again: PNG files of what stands still, WebP files of what moves.

    Raises:
        ChromiumNotFound: there is no browser to make them with.
    """
    async with open_chromium() as browser:
        await moving_pictures.make(browser, folder)
        async with running_sandbox("--still") as addresses:
            cad = CadPage(await browser.new_page(viewport=_CAD_SIZE, reduced_motion="reduce"))
            await cad.open(addresses.cad)
            page = await browser.new_page(
                viewport=_CARD_SIZE, device_scale_factor=_CARD_SCALE, reduced_motion="reduce"
            )
            await _picture_cards(DiscordPage(page), cad, addresses, folder)


async def _picture_cards(
    discord: DiscordPage, cad: CadPage, addresses: Addresses, folder: Path
) -> None:
    await discord.open(addresses.discord)
    await discord.page.evaluate(_STYLE_FIXES)
    await discord.paste("/attach call:100 units:@Pat")
    await cad.unit("A-12", 100).wait_for()
    await _save(cad.page, folder / "cad.png")
    await discord.show(discord.message("A-12 · Pat Moreno"))
    await _save(discord.message("Call #100"), folder / "card.png")
    await _save(discord.message("911 #1"), folder / "card-911.png")

    await discord.press(discord.message("Call #102"), "Attach…")
    panel = discord.message("Which units go to #102")
    await discord.select_options(panel, "Members of this server", "Alice")
    await discord.select_options(panel, "Units on duty, free ones first", "K-9")
    await discord.select_options(panel, "All free units of a department", "All free units of EMS")
    await _save(panel, folder / "panel.png")

    await discord.press(discord.message("Call #101"), "More")
    await discord.press(discord.message("More actions for #101"), "Close call")
    await discord.press(discord.message("Close #101"), "Close call")
    await discord.message("CLOSED · Call #101").wait_for()
    await _save(discord.message("CLOSED · Call #101"), folder / "card-closed.png")

    await cad.page.locator("#fault-bad_gateway").click()
    stale = discord.message("STALE · Call #102")
    await stale.wait_for(timeout=_STALE_SECONDS * 1000)
    await _save(stale, folder / "card-stale.png")


async def _save(shown: Page | Locator, path: Path) -> None:
    page = shown if isinstance(shown, Page) else shown.page
    await page.mouse.move(0, 0)  # an element under the pointer looks different
    picture = await shown.screenshot(path=path, animations="disabled", caret="hide")
    print(f"{path}  {len(picture) // 1024} kB")
