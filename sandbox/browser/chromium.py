"""Controls the sandbox's two pages in a real browser, as a user would."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from playwright.async_api import Browser, Locator, Page, async_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

_IDLE = "preview.ready"


class ChromiumNotFound(Exception):
    """No Chromium was found."""

    def __init__(self) -> None:
        super().__init__(
            "no Chromium was found. Install one (apt install chromium, or .venv/bin/playwright"
            " install chromium), or name it in the environment variable CHROMIUM"
        )


@asynccontextmanager
async def open_chromium() -> AsyncIterator[Browser]:
    """Run a headless Chromium: $CHROMIUM, the system's, or playwright's own.

    Raises:
        ChromiumNotFound: none of them exists.
    """
    async with async_playwright() as playwright:
        candidates = (os.environ.get("CHROMIUM"), *map(shutil.which, NAMES))
        executable = next(filter(None, candidates), playwright.chromium.executable_path)
        if shutil.which(executable) is None:
            raise ChromiumNotFound
        browser = await playwright.chromium.launch(executable_path=executable, args=FLAGS)
        try:
            yield browser
        finally:
            await browser.close()


class DiscordPage:
    """The page of the pretend Discord, as one member sees it."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def open(self, address: str) -> None:
        """Load the page and wait until it shows the channel."""
        await self.page.goto(address)
        await self._composer.wait_for()
        await self._wait_until(_IDLE)

    async def view_as(self, name: str) -> None:
        """View the channel as another member."""
        (user_id,) = await self.page.get_by_label("Viewing as").select_option(label=name)
        await self._wait_until(f"{_IDLE} && preview.viewerId === '{user_id}'")

    async def start_command(self, command: str) -> None:
        """Type a slash and the command's name, and choose the command from the list."""
        await self._composer.press_sequentially(f"/{command}")
        await self.page.locator(".command-entry", has_text=f"/{command}").first.click()

    async def type(
        self, option: str, text: str, after_each: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        """Type into one of the command's options, and wait for what the bot suggests.

        Args:
            after_each: is called after each character, with the suggestions for it on the page.
        """
        field = self.page.locator(f'.command-option-input[data-option="{option}"]')
        await field.click()
        for part in text if after_each else (text,):
            await field.press_sequentially(part)
            await self._wait_until("preview.commandPicker.autocomplete.state !== 'loading'")
            if after_each:
                await after_each()

    async def choose(self, text: str) -> None:
        """Choose one of the bot's suggestions."""
        await self.page.locator(".command-suggestion", has_text=text).click()

    async def send(self) -> None:
        """Send the command."""
        await self._click(self.page.locator("#send-message"))

    async def paste(self, text: str) -> None:
        """Put a whole line into the message field, and send it."""
        await self._composer.fill(text)
        await self._composer.press("Enter")

    async def press(self, message: Locator, label: str) -> None:
        """Press one of a message's buttons, and wait until the bot has answered."""
        await self._click(message.get_by_role("button", name=label, exact=True))
        await self._wait_until(_IDLE)

    async def select_options(
        self,
        message: Locator,
        select: str,
        *options: str,
        once_open: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Choose options, by how they begin, of a select, by what it says while none is chosen.

        Args:
            once_open: is called while the list of options is on the page.
        """
        await self._choose(self.select(message, select), options, once_open)
        await self._wait_until(_IDLE)

    async def choose_in_form(self, field: str, *options: str) -> None:
        """Choose options, by how they begin, in a field of the open form, by its custom id."""
        place = self.page.get_by_role("dialog").locator(f'[data-custom-id="{field}"]')
        await self._choose(place.locator(".preview-select"), options)

    async def _choose(
        self,
        menu: Locator,
        options: tuple[str, ...],
        once_open: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        await self._click(menu.get_by_role("combobox"))
        if once_open:
            await menu.get_by_role("option").first.wait_for()
            await once_open()
        for option in options:
            name = re.compile(rf"^{re.escape(option)}\b")
            await self._click(menu.get_by_role("option", name=name))
        if await menu.get_attribute("data-maximum") != "1":
            await self._click(menu.get_by_role("button", name="Apply"))

    def select(self, message: Locator, label: str) -> Locator:
        """Find a select of a message, by what it says while nothing is chosen."""
        return message.locator(".preview-select", has=self.page.get_by_label(label, exact=True))

    async def submit_form(self, *texts: str) -> None:
        """Fill in the first fields of the open form, and submit it."""
        dialog = self.page.get_by_role("dialog")
        for number, text in enumerate(texts):
            await dialog.get_by_role("textbox").nth(number).fill(text)
        await self._click(dialog.get_by_role("button", name="Submit"))
        await dialog.wait_for(state="hidden")
        await self._wait_until(_IDLE)

    async def show(self, message: Locator) -> None:
        """Wait for a message, scroll to it, and wait until the page is idle."""
        await message.wait_for()
        await message.scroll_into_view_if_needed()
        await self._wait_until(_IDLE)

    def message(self, text: str) -> Locator:
        """Find the last message that contains this text."""
        return self.page.locator("#channel-message-list > article", has_text=text).last

    @property
    def _composer(self) -> Locator:
        return self.page.locator("#channel-composer-input")

    async def _click(self, control: Locator) -> None:
        """Click on a control when it is visible and the page is idle.

        The page ignores clicks while it is busy. It also scrolls to new messages, so that a real
        mouse button could be released beside the control.
        """
        await control.click(trial=True)
        await self._wait_until(_IDLE)
        await control.dispatch_event("click")

    async def _wait_until(self, condition: str) -> None:
        """Wait until a condition on `window.simcordPreview`, the page's state, is true."""
        await self.page.wait_for_function(
            f"() => {{ const preview = window.simcordPreview; return {condition} }}"
        )


class CadPage:
    """The page of the pretend CAD."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def open(self, address: str) -> None:
        """Load the page and wait until it shows calls."""
        await self.page.goto(address)
        await self.page.locator("[data-call]").first.wait_for()

    def unit(self, number: str, call_id: int) -> Locator:
        """Find a unit on a call."""
        return self.page.locator(f'[data-call="{call_id}"] .unit', has_text=number)
