"""The details of calls of custom layouts."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.cad.errors import CadTimeout
from bot.cad.layouts import Layout
from bot.services.board.call_layouts import (
    NO_DETAILS,
    RELOAD_INTERVAL,
    CallLayouts,
    LayoutDetails,
    call_title,
    details,
)
from tests.manual_clock import ManualClock
from tests.services.samples import call

MEDICAL = Layout("12", "Medical", {"caller_name": "Caller"}, {"deployed": "Crew deployed"})
COLLAPSE = replace(
    call(100, "Collapse", code="M1"),
    template="12",
    status_id="deployed",
    priority_text="High",
    values={"caller_name": "Alex", "age": "40", "p": "High", "t": "Collapse", "s": "deployed"},
)


def test_fields_are_named_and_what_the_card_shows_anyway_is_not_repeated() -> None:
    assert details(COLLAPSE, {"12": MEDICAL}) == LayoutDetails(
        "Medical", "Crew deployed", (("Caller", "Alex"), ("Age", "40"))
    )


def test_without_the_layout_the_ids_are_written_as_words() -> None:
    assert details(COLLAPSE, {}) == LayoutDetails(
        "", "Deployed", (("Caller name", "Alex"), ("Age", "40"))
    )
    assert details(replace(COLLAPSE, values={"_": "x"}, status_id=""), {}).fields == (("_", "x"),)


@pytest.mark.parametrize(
    ("title", "code", "shown"),
    [("Collapse", "M1", "Collapse"), ("", "M1", "M1"), ("", "", "Medical")],
)
def test_a_call_without_a_title_is_called_by_its_code_or_its_layout(
    title: str, code: str, shown: str
) -> None:
    one = replace(COLLAPSE, title=title, code=code)
    assert call_title(one, details(one, {"12": MEDICAL})) == shown


class Source:
    def __init__(self) -> None:
        self.asked = 0
        self.error: CadTimeout | None = None

    async def layouts(self) -> tuple[Layout, ...]:
        self.asked += 1
        if self.error:
            raise self.error
        return (MEDICAL,)


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_layouts_are_loaded_once_they_are_needed_and_again_after_a_while() -> None:
    source, clock = Source(), ManualClock()
    layouts = CallLayouts(source.layouts, clock=clock)
    assert layouts.details(call(101, "Stop")) == NO_DETAILS
    await settle()
    assert source.asked == 0
    assert layouts.details(COLLAPSE).name == ""
    await settle()
    assert layouts.details(COLLAPSE).name == "Medical"
    clock.seconds += RELOAD_INTERVAL - 1
    layouts.details(COLLAPSE)
    await settle()
    assert source.asked == 1
    clock.seconds += 1
    source.error = CadTimeout("late")
    layouts.details(COLLAPSE)
    await settle()
    assert source.asked == 2
    assert layouts.details(COLLAPSE).name == "Medical"
    await layouts.close()
