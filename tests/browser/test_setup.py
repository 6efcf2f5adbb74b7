"""A new Discord server is set up in the browser, from the first part to the last."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from sandbox.browser.chromium import CadPage, DiscordPage
from sandbox.process import running_sandbox

pytestmark = pytest.mark.browser

expect.set_options(timeout=20_000)
OPTIONS = ("--cad-port", "0", "--discord-port", "0", "--still", "--setup")


async def test_a_server_is_set_up_and_dispatches(browser: Browser) -> None:
    async with running_sandbox(*OPTIONS) as addresses:
        cad = CadPage(await browser.new_page())
        await cad.open(addresses.cad)
        await expect(cad.page.locator("#community")).to_have_text("community sandbox")
        key = (await cad.page.locator("#key").inner_text()).removeprefix("API key ")
        discord = DiscordPage(await browser.new_page())
        problems: list[str] = []
        discord.page.on("pageerror", lambda error: problems.append(str(error)))
        await discord.open(addresses.discord)
        page = discord.message("Set up this server")

        await discord.start_command("setup")
        await discord.send()
        await expect(page).to_contain_text("Only you can see this")
        await discord.press(page, "Connect…")
        await discord.submit_form("sandbox", "another-key")
        await expect(page).to_contain_text("❌ Sonoran CAD refuses this key.")
        await discord.press(page, "Connect…")
        await discord.submit_form("sandbox", key)
        await expect(page).to_contain_text("✅ Connected to community sandbox over API 1.")

        await discord.press(page, "Roles…")
        await discord.choose_in_form("dispatch", "Dispatchers")
        await discord.choose_in_form("self", "Officer")
        await discord.submit_form()
        await expect(page).to_contain_text("Move themselves: @Dispatchers, @Officer")

        await discord.press(page, "Channels…")
        await discord.choose_in_form("calls", "dispatch")
        await discord.choose_in_form("log", "log")
        await discord.submit_form()
        await expect(page).to_contain_text("⚠️ Saved. All members can read #dispatch")
        await discord.message("Call #100 Armed Robbery").wait_for()

        await discord.press(page, "Members…")
        await discord.submit_form()
        await expect(page).to_contain_text("✅ Saved.")
        await discord.press(page, "Any push events yet?")
        await expect(page).to_contain_text("PUSH_LISTEN")
        await discord.press(page, "Check everything")
        await expect(discord.message("Who may do what")).to_contain_text("The CAD accepts the key.")

        await discord.paste("/attach call:100 units:A-12")
        await discord.message("✅ #100 Armed Robbery: A-12").wait_for()
        await cad.unit("A-12", 100).wait_for()
        assert problems == []
