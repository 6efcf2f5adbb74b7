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
    complete,
    details,
)
from tests.manual_clock import ManualClock
from tests.services.samples import call

MEDICAL = Layout("12", "Medical", {"caller_name": "Caller"}, {"deployed": "Crew deployed"})
UNKNOWN = Layout("12", "")
COLLAPSE = replace(
    call(100, "Collapse", code="M1"),
    template="12",
    status_id="deployed",
    priority_text="High",
    values={"caller_name": "Alex", "age": "40", "p": "High", "t": "Collapse", "s": "deployed"},
)


def test_fields_are_named_and_what_the_card_shows_anyway_is_not_repeated() -> None:
    assert details(COLLAPSE, MEDICAL) == LayoutDetails(
        "Medical", "Crew deployed", (("Caller", "Alex"), ("Age", "40"))
    )


def test_without_the_layout_the_ids_are_written_as_words() -> None:
    assert details(COLLAPSE, UNKNOWN) == LayoutDetails(
        "", "Deployed", (("Caller name", "Alex"), ("Age", "40"))
    )
    nameless = replace(COLLAPSE, values={"_": "x"}, status_id="")
    assert details(nameless, UNKNOWN).fields == (("_", "x"),)


@pytest.mark.parametrize(
    ("title", "code", "shown"),
    [("Collapse", "M1", "Collapse"), ("", "M1", "M1"), ("", "", "Medical")],
)
def test_a_call_without_a_title_is_called_by_its_code_or_its_layout(
    title: str, code: str, shown: str
) -> None:
    one = replace(COLLAPSE, title=title, code=code)
    assert complete(one, details(one, MEDICAL)).title == shown


BOUND = Layout(
    "12",
    "Fire",
    {"where": "Where", "way": "Way in", "zip": "Sector", "name": "Name"},
    bindings={"address": "where", "postal": "zip", "title": "name", "notes": "way"},
)
SMOKE = replace(
    call(100, ""),
    template="12",
    values={"where": "Power Street 12", "way": "By the yard", "zip": "7044", "name": "Smoke"},
)


def test_a_field_that_is_bound_to_a_text_of_the_call_stands_for_it() -> None:
    found = details(SMOKE, BOUND)
    assert found.fields == (("Way in", "By the yard"),), "the others are shown at their place"
    whole = complete(SMOKE, found)
    assert (whole.title, whole.address, whole.postal) == ("Smoke", "Power Street 12", "7044")
    assert (whole.block, whole.notes) == ("", ()), "no other binding is taken"
    assert replace(whole, title="", address="", postal="") == SMOKE


def test_a_text_of_the_call_itself_comes_before_that_of_a_field() -> None:
    one = replace(SMOKE, address="Route 68", title="Fire")
    found = details(one, BOUND)
    whole = complete(one, found)
    assert (whole.title, whole.address, whole.postal) == ("Fire", "Route 68", "7044")
    assert found.fields == (
        ("Where", "Power Street 12"),
        ("Way in", "By the yard"),
        ("Name", "Smoke"),
    )


def test_a_label_or_an_id_that_sounds_like_a_place_binds_nothing() -> None:
    layout = Layout("12", "Fire", {"address": "Address"})
    one = replace(call(100, "Smoke"), template="12", values={"address": "Power Street"})
    assert complete(one, details(one, layout)) == one
    assert details(one, layout).fields == (("Address", "Power Street"),)


async def test_the_layout_that_a_call_carries_needs_no_list() -> None:
    source = Source()
    layouts = CallLayouts(source.layouts, clock=ManualClock())
    one = replace(SMOKE, layout=BOUND)
    assert layouts.details(one).name == "Fire"
    assert layouts.complete(one).address == "Power Street 12"
    await settle()
    assert source.asked == 0
    await layouts.close()


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
