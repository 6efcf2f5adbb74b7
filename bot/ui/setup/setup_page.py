"""The page of `/setup`: what is set up, and a button to change each part of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from discord import SelectOption
from discord.ui import ActionRow, Container, Item, LayoutView, Section, Separator, TextDisplay

from bot.common.discord_limits import MAX_OPTIONS
from bot.services.communities.setup_state import SetupState
from bot.ui.setup import setup_items as items
from bot.ui.setup import setup_text as words
from bot.ui.text import one_line

_NOTICE_LIMIT = 1500  # characters; Discord allows 4,000 for all texts of a message


def setup_page(state: SetupState, notice: str = "") -> LayoutView:
    """Return the page.

    Args:
        notice: the outcome of what the member has just done.
    """
    view = LayoutView(timeout=None)
    container: Container[LayoutView] = Container()
    container.add_item(TextDisplay(words.TITLE))
    if notice:
        container.add_item(TextDisplay(notice[:_NOTICE_LIMIT]))
    container.add_item(Separator())
    for number, (button, text) in enumerate(_parts(state), start=1):
        container.add_item(
            Section(TextDisplay(f"**{number}. {button.title}**\n{text}"), accessory=button)
        )
    if server_select := _server_select(state):
        container.add_item(ActionRow(server_select))
    container.add_item(Separator())
    container.add_item(ActionRow(*_actions(state)))
    container.add_item(ActionRow(items.ExportButton(), items.ForgetButton()))
    view.add_item(container)
    return view


def _parts(state: SetupState) -> list[tuple[items.PartButton, str]]:
    return [
        (items.ConnectButton(), words.connection(state)),
        (items.RolesButton(), words.rights(state)),
        (items.ChannelsButton(), words.channels(state)),
        (items.PeopleButton(), words.people(state)),
        (items.PushButton(), words.push(state)),
    ]


def _server_select(state: SetupState) -> items.ServerSelect | None:
    """Return the list of servers, each of which may have a channel of its own."""
    servers = state.settings.sonoran_servers if state.settings else ()
    if not servers:
        return None
    select = items.ServerSelect()
    for server in servers[:MAX_OPTIONS]:
        label = one_line(f"Server {server.server_id} {server.name}", 100)
        select.item.append_option(SelectOption(label=label, value=str(server.server_id)))
    return select


def _actions(state: SetupState) -> Iterator[Item[Any]]:
    if state.retry is not None:
        yield items.RetryButton(state.retry)
    if state.settings is not None:
        yield items.HeardButton()
        yield items.CheckButton()
    yield items.RefreshButton()
