"""The buttons of the cards in a browser, pressed by a dispatcher, officers and a visitor."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from playwright.async_api import Browser, Locator, expect

from sandbox.browser.chromium import CadPage, DiscordPage
from sandbox.process import running_sandbox

pytestmark = pytest.mark.browser

ROBBERY = "Call #100 Armed Robbery"
PRIVATE = "Only you can see this"

expect.set_options(timeout=20_000)


@dataclass(frozen=True, slots=True)
class Pages:
    """Both pages; the pretend Discord is viewed as Dana at first."""

    discord: DiscordPage
    cad: CadPage

    def card(self, title: str) -> Locator:
        return self.discord.message(title)

    async def press(self, title: str, *labels: str) -> None:
        """Press a button of a message, then a button of the answer."""
        for label in labels:
            await self.discord.press(self.card(title), label)

    async def told(self, text: str) -> None:
        """Wait for a private answer."""
        await expect(self.discord.message(text)).to_contain_text(PRIVATE)


@asynccontextmanager
async def pages(browser: Browser) -> AsyncIterator[Pages]:
    async with running_sandbox("--cad-port", "0", "--discord-port", "0", "--still") as addresses:
        discord = DiscordPage(await browser.new_page())
        problems: list[str] = []
        discord.page.on("pageerror", lambda error: problems.append(str(error)))
        await discord.open(addresses.discord)
        cad = CadPage(await browser.new_page())
        await cad.open(addresses.cad)
        yield Pages(discord, cad)
        assert problems == []


async def test_a_dispatcher_on_a_call(browser: Browser) -> None:
    async with pages(browser) as shown:
        await shown.press(ROBBERY, "Attach…")
        panel = shown.card("Which units go to #100")
        await shown.discord.select_options(panel, "Members of this server", "Pat")
        await shown.discord.select_options(panel, "Units on duty, free ones first", "K-9")
        await shown.discord.select_options(
            panel, "All free units of a department", "All free units of SAFD"
        )
        await shown.discord.press(panel, "Attach")
        await shown.told("✅ #100 Armed Robbery on Los Santos: @Pat (A-12), K-9, E-51")
        for number in ("A-12", "K-9", "E-51"):
            await shown.cad.unit(number, 100).wait_for()
        await expect(shown.card(ROBBERY)).to_contain_text("Units (3)")

        await shown.press(ROBBERY, "More")
        await shown.press("More actions for #100", "Add note")
        await shown.discord.submit_form("Two men, *armed*")
        await shown.told("✅ Noted on #100 on Los Santos: Two men, *armed*")
        await expect(shown.card(ROBBERY)).to_contain_text("Dana · Two men, *armed*")

        await shown.press("More actions for #100", "Close call")
        await shown.press("Close #100", "Close call")
        await shown.told("✅ Closed #100 Armed Robbery on Los Santos.")
        closed = shown.card(f"CLOSED · {ROBBERY}")
        await closed.wait_for()
        assert await closed.get_by_role("button", name="Attach me").count() == 0


async def test_a_dispatcher_opens_a_call(browser: Browser) -> None:
    async with pages(browser) as shown:
        await shown.discord.paste("/call new priority:1")
        await shown.discord.submit_form("Bank Alarm", "10-90", "Vespucci Boulevard", "8022")
        await shown.told("✅ Created #103 Bank Alarm on Los Santos.")
        await expect(shown.card("Call #103 Bank Alarm")).to_contain_text("Vespucci Boulevard")
        await shown.press("✅ Created #103", "Attach…")
        panel = shown.card("Which units go to #103")
        await shown.discord.select_options(panel, "Units on duty, free ones first", "A-7", "K-9")
        await shown.discord.press(panel, "Attach")
        await shown.told("✅ #103 Bank Alarm on Los Santos: ")
        await shown.cad.unit("K-9", 103).wait_for()
        await expect(shown.card("Call #103 Bank Alarm")).to_contain_text("Units (2)")

        await shown.press("Call #103 Bank Alarm", "More")
        menu = shown.card("More actions for #103")
        await shown.discord.select_options(menu, "Set the primary unit", "K-9")
        await shown.told("K-9 is now the primary unit of #103 Bank Alarm on Los Santos.")
        await shown.cad.unit("K-9★", 103).wait_for()


async def test_a_dispatcher_on_911_calls(browser: Browser) -> None:
    async with pages(browser) as shown:
        await shown.press("911 #1 Jane Doe", "Dispatch…")
        panel = shown.card("Which units go to 911 #1")
        await shown.discord.select_options(panel, "Units on duty, free ones first", "A-7", "M-3")
        await shown.discord.press(panel, "Dispatch")
        await shown.told("✅ #103 OFFICER RESPONSE - 1 on Los Santos: M-3, A-7")
        await shown.cad.unit("M-3", 103).wait_for()
        await shown.card("CLOSED · 911 #1 Jane Doe").wait_for()
        await expect(shown.card("Call #103")).to_contain_text("Units (2)")

        await shown.press("911 #2 non-emergency", "Dismiss")
        await shown.press("Dismiss 911 #2", "Dismiss it")
        await shown.told("✅ Dismissed 911 #2 on Los Santos.")
        await shown.card("CLOSED · 911 #2").wait_for()

        await shown.discord.start_command("calls")
        await shown.discord.send()
        await shown.told("✅ 4 open calls on Los Santos · page 1 of 1")


async def test_officers_and_a_visitor(browser: Browser) -> None:
    async with pages(browser) as shown:
        await shown.discord.view_as("Pat")
        await shown.press(ROBBERY, "Attach me")
        await shown.told("✅ #100 Armed Robbery on Los Santos: @Pat (A-12)")
        await shown.press(ROBBERY, "More")
        more = shown.card("More actions for #100")
        await shown.discord.select_options(more, "Set my status", "On scene")
        await shown.told("✅ The status of @Pat (A-12) on Los Santos is now on scene.")
        await expect(shown.card(ROBBERY)).to_contain_text("A-12 · Pat Moreno · on scene · @Pat")
        await expect(more).to_contain_text("Add note")
        await expect(more).not_to_contain_text("Close call")
        await shown.press(ROBBERY, "Detach me")
        await shown.told("✅ Off #100 Armed Robbery on Los Santos: @Pat (A-12)")

        await shown.discord.view_as("Charlie")
        await shown.press("Call #102 Structure Fire", "Attach me")
        await shown.discord.submit_form("https://steamcommunity.com/profiles/76561198112233563")
        await shown.told("✅ #102 Structure Fire on Los Santos: @Charlie (E-51)")
        await shown.cad.unit("E-51", 102).wait_for()

        await shown.discord.view_as("Vic")
        await shown.press(ROBBERY, "Attach me")
        await shown.told("❌ You need one of these roles for that: @Dispatch, @Officer.")
        assert await shown.cad.page.locator('[data-call="100"] .unit').count() == 0
