"""The sandbox as a new user sees it: two pages in a browser."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from sandbox.browser.chromium import CadPage, DiscordPage
from sandbox.process import running_sandbox

pytestmark = pytest.mark.browser


async def test_a_newcomer_attaches_a_unit_and_a_visitor_cannot(browser: Browser) -> None:
    async with running_sandbox("--cad-port", "0", "--discord-port", "0", "--still") as addresses:
        cad = CadPage(await browser.new_page())
        await cad.open(addresses.cad)
        discord = DiscordPage(await browser.new_page())
        problems: list[str] = []
        discord.page.on("pageerror", lambda error: problems.append(str(error)))
        await discord.open(addresses.discord)

        await discord.start_command("attach")
        await discord.type("call", "robbery")
        await discord.choose("#100 Armed Robbery")
        await discord.type("units", "@Pat")
        await discord.send()
        answer = discord.message("✅ #100 Armed Robbery")
        await answer.wait_for()
        assert "✅ #100 Armed Robbery on Los Santos: @Pat (A-12)" in await answer.inner_text()
        assert "Only you can see this" in await answer.inner_text()
        await cad.unit("A-12", 100).wait_for()

        await discord.view_as("Vic")
        await discord.start_command("attach")
        await discord.type("call", "100")
        await discord.type("units", "@Alice")
        await discord.send()
        refusal = discord.message("role for that")
        await refusal.wait_for()
        assert "❌ You need the @Dispatch role for that" in await refusal.inner_text()
        assert await discord.message("✅ #100").count() == 0, "answers are private"
        assert await cad.unit("A-7", 100).count() == 0
        assert problems == []


async def test_a_whole_command_can_be_pasted(browser: Browser) -> None:
    async with running_sandbox("--cad-port", "0", "--discord-port", "0", "--still") as addresses:
        discord = DiscordPage(await browser.new_page())
        await discord.open(addresses.discord)
        await discord.paste("/attach call:101 units:@Alice @Charlie")
        answer = discord.message("⚠️ #101 Traffic Stop")
        await answer.wait_for()
        assert "⚠️ #101 Traffic Stop on Los Santos: @Alice (A-7)" in await answer.inner_text()
        assert "@Charlie: not linked" in await answer.inner_text()
