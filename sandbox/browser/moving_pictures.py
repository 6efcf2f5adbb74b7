"""The scenes of the moving pictures: the pretend Discord beside the pretend CAD."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Locator, Page, ViewportSize

from sandbox.browser.chromium import CadPage, DiscordPage
from sandbox.browser.recorder import Pointer, Recorder
from sandbox.process import Addresses, running_sandbox

_HEIGHT = 712
_SCALE = 1.5  # sharp where screens have two dots for one
_DISCORD_SIZE = ViewportSize(width=600, height=_HEIGHT)
_CAD_SIZE = ViewportSize(width=430, height=_HEIGHT)
_OUTAGE_SECONDS = 60.0  # longer than the CAD is down and the bot waits before it tries again

# For how many seconds a frame is shown.
_KEYSTROKE = 0.09
_GLANCE = 0.7
_READ = 1.8
_STUDY = 3.5

# The channel alone, without the preview's tools and what it writes beside each message.
_CHANNEL_ALONE = (
    ".preview-toolbar, .messages-sidebar { display: none !important }",
    ".preview-app { width: 100vw !important; height: 100vh !important; margin: 0 }",
    ".command-option-input { box-sizing: content-box }",
    ".message-edited, .message-edited-compact { display: none }",
    ".message-context-actions, .timeline-day-divider { display: none !important }",
    ".select-draft-actions span { visibility: hidden }",
)
# The calls alone, and of the switches those that the scene needs.
_CALLS_ALONE = (
    "aside, #requests-section, nav .group + .group { display: none !important }",
    "body > header .chip, nav .label { display: none !important }",
    "#fault-normal ~ :not(#fault-down) { display: none }",
    "main { display: block !important }",
)
_CALL = '[data-server="1"][data-call="{}"]'  # the servers number their calls separately
_ADD_RULES = "rules => rules.forEach(rule => document.styleSheets[0].insertRule(rule))"


@dataclass(frozen=True, slots=True)
class _Scene:
    discord: DiscordPage
    cad: CadPage
    recorder: Recorder


async def make(browser: Browser, folder: Path) -> None:
    """Record how a command puts units on a call, and how an order outlasts an outage."""
    await _film(browser, folder / "attach.webp", 100, _attach)
    await _film(browser, folder / "outage.webp", 102, _outage)


async def _film(
    browser: Browser,
    path: Path,
    call_id: int,
    play: Callable[[_Scene], Coroutine[Any, Any, None]],
) -> None:
    async with running_sandbox("--still") as addresses:
        scene = await _open(browser, addresses, call_id)
        await play(scene)
    print(f"{path}  {scene.recorder.save(path) // 1024} kB")


async def _open(browser: Browser, addresses: Addresses, call_id: int) -> _Scene:
    """Open both pages; of the cards and calls that are there, only one stays in sight."""
    discord = DiscordPage(await _page(browser, _DISCORD_SIZE))
    await discord.open(addresses.discord)
    kept = await _message_id(discord.message(f"Call #{call_id}"))
    everything = await discord.page.locator("#channel-message-list > article").all()
    others = {await _message_id(one) for one in everything} - {kept}
    hidden = [f'article[data-message-id="{one}"] {{ display: none }}' for one in others]
    await _restyle(discord.page, *_CHANNEL_ALONE, *hidden)
    cad = CadPage(await _page(browser, _CAD_SIZE))
    await cad.open(addresses.cad)
    await _restyle(
        cad.page, *_CALLS_ALONE, f"#calls > :not({_CALL.format(call_id)}) {{ display: none }}"
    )
    return _Scene(discord, cad, Recorder([discord.page, cad.page]))


async def _page(browser: Browser, size: ViewportSize) -> Page:
    return await browser.new_page(
        viewport=size, device_scale_factor=_SCALE, reduced_motion="reduce"
    )


async def _message_id(message: Locator) -> str | None:
    return await message.get_attribute("data-message-id")


async def _restyle(page: Page, *rules: str) -> None:
    await page.evaluate(_ADD_RULES, rules)


async def _attach(scene: _Scene) -> None:
    discord, recorder = scene.discord, scene.recorder
    await _restyle(scene.cad.page, "nav { display: none !important }")
    await recorder.hold(_READ)
    await discord.start_command("attach")
    await recorder.hold(_GLANCE)
    await discord.type("call", "1")
    await recorder.hold(_READ)
    await discord.choose("#100")
    await recorder.hold(_GLANCE)
    await discord.type("units", "@Pat K-9 dept:EMS", partial(recorder.hold, _KEYSTROKE))
    await recorder.hold(_READ)
    await discord.send()
    await discord.show(discord.message("Confirmed by the CAD"))
    await scene.cad.unit("M-3", 100).wait_for()
    await discord.message("M-3 · ").wait_for()
    await recorder.hold(_STUDY * 2)


async def _outage(scene: _Scene) -> None:
    discord, recorder = scene.discord, scene.recorder
    operator = Pointer(recorder, scene.cad.page)
    down = scene.cad.page.locator("#fault-down")
    await operator.appear(300, 480)
    await recorder.hold(_READ)
    await operator.move_to(down)
    await down.click()
    await recorder.hold(_GLANCE)
    await operator.vanish()

    dispatcher = Pointer(recorder, discord.page)
    await dispatcher.appear(400, 480)
    card = discord.message("Call #102")
    await dispatcher.move_to(card.get_by_role("button", name="Attach…", exact=True))
    await discord.press(card, "Attach…")
    panel = discord.message("Which units go to #102")
    await discord.show(panel)
    await recorder.hold(_READ)
    await dispatcher.move_to(discord.select(panel, "Units on duty, free ones first"))
    await discord.select_options(
        panel,
        "Units on duty, free ones first",
        "K-9",
        once_open=partial(recorder.hold, _READ),
    )
    await recorder.hold(_GLANCE)
    await dispatcher.move_to(panel.get_by_role("button", name="Attach", exact=True))
    await discord.press(panel, "Attach")
    await dispatcher.vanish()
    await discord.show(discord.message("⏳"))
    await recorder.hold(_STUDY)
    await discord.message("✅").wait_for(timeout=_OUTAGE_SECONDS * 1000)
    await discord.show(discord.message("Confirmed by the CAD"))
    await recorder.hold(_STUDY * 2)
