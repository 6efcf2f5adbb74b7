"""The overview of the open calls, as Discord shows it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import discord
from hypothesis import given
from hypothesis import strategies as st

from bot.services.cards.overview import Overview, OverviewCall, PanickingUnit
from bot.ui.calls.call_text import overview_embed

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
URL = "https://discord.com/channels/1/2"
SHOTS = OverviewCall(7, True, "Jane *Doe*", "Vinewood", "", (), NOON, 70, "")
ROBBERY = OverviewCall(
    100, False, "Robbery", "100 Grove Street", "P1", ("A-12", "A-7"), NOON, 71, "Los Santos"
)
STOP = OverviewCall(101, False, "", "", "High", (), NOON, None, "")
PANIC = PanickingUnit("A-12", "Pat", 100)


def text(overview: Overview, *, is_plain: bool = False) -> str:
    return overview_embed(overview, URL, is_plain=is_plain).description or ""


def test_each_call_is_a_line_with_a_link_to_its_card() -> None:
    embed = overview_embed(Overview((SHOTS, ROBBERY, STOP), (PANIC,)), URL)
    assert embed.title == "3 open calls"
    assert embed.colour == discord.Colour(0xDC2626)
    assert (embed.description or "").splitlines() == [
        "🚨 **PANIC** · **A\\-12** Pat · on #100",
        f"**911** · [#7 Jane \\*Doe\\*]({URL}/70) · <t:1767268800:R> · Vinewood",
        (
            f"**P1** · [#100 Robbery]({URL}/71) · Los Santos · <t:1767268800:R> · 100 Grove Street"
            " · A\\-12, A\\-7"
        ),
        "**High** · #101 \\(untitled\\) · <t:1767268800:R> · no units",
    ]


def test_states() -> None:
    embed = overview_embed(Overview(), URL)
    assert (embed.title, embed.description) == ("No call is open", None)
    assert overview_embed(Overview((STOP,), is_stale=True), URL).title == "STALE · 1 open call"
    on_no_call = replace(PANIC, call_id=None, name="")
    assert text(Overview(panics=(on_no_call,))) == "🚨 **PANIC** · **A\\-12**"


def test_what_moderation_refuses_is_left_out() -> None:
    shown = text(Overview((SHOTS, ROBBERY), (PANIC,)), is_plain=True)
    assert shown.splitlines() == [
        "🚨 **PANIC** · on #100",
        f"**911** · [#7]({URL}/70) · <t:1767268800:R>",
        f"**Call** · [#100]({URL}/71) · <t:1767268800:R>",
    ]


def test_calls_that_do_not_fit_are_counted() -> None:
    shown = text(Overview(tuple(replace(ROBBERY, number=one) for one in range(99))))
    assert len(shown) <= 4096
    last = shown.splitlines()[-1]
    count = len(shown.splitlines()) - 1
    assert last == f"and {99 - count} more: `/calls`"


@given(st.text(), st.text(), st.text(), st.lists(st.text(), max_size=50), st.integers(0, 80))
def test_discord_takes_any_text(
    title: str, place: str, name: str, units: list[str], count: int
) -> None:
    one = replace(ROBBERY, title=title, place=place, priority=name, units=tuple(units), server=name)
    calls = tuple(replace(one, number=number) for number in range(count))
    panics = tuple(PanickingUnit(title, name, 1) for _ in range(count))
    assert len(text(Overview(calls, panics))) <= 4096
