"""The list of open calls fits into a message, whatever the CAD says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.cad.models import Call, EmergencyCall
from bot.services.calls.call_listing import PAGE_SIZE, CallLine, CallsPage
from bot.services.cards.card_content import CallUnit
from bot.storage.stores.card_store import CardKind, StoredCard
from bot.ui.calls import call_text

NOW = datetime(2026, 6, 1, 21, 0, tzinfo=UTC)
SHOTS = EmergencyCall(7, True, "Jane Doe", "Grove Street", "Shots *fired*")


def test_lines():
    robbery = Call(100, "Armed Robbery", "211", (1, 2), priority=1, address="Innocence Blvd")
    coded = Call(101, "10-50", "10-50", ())
    medical = Call(102, "Medical", "", (), priority_text="High")
    lines = (
        CallLine(SHOTS, ()),
        CallLine(robbery, (CallUnit(1, "A-12"), CallUnit(2))),
        CallLine(coded, ()),
        CallLine(medical, (), "Crew deployed"),
    )
    assert call_text.calls_page(CallsPage(lines, 1, 1, 4, NOW)).splitlines() == [
        f"✅ 4 open calls · page 1 of 1 · confirmed <t:{int(NOW.timestamp())}:R>",
        "**911 #7** Jane Doe · Grove Street · Shots \\*fired\\*",
        "**#100** Armed Robbery · 211 · priority 1 · Innocence Blvd · A\\-12, 2",
        "**#101** 10\\-50 · priority 3 · no units",
        "**#102** Medical · priority High · Crew deployed · no units",
    ]


def test_a_call_with_a_card_says_its_age_and_leads_to_it():
    posted = StoredCard(1, CardKind.EMERGENCY, 7, 2, 70, NOW)
    lines = (
        CallLine(SHOTS, (), card=posted),
        CallLine(SHOTS, (), card=replace(posted, message_id=None)),
    )
    page = CallsPage(lines, 1, 1, 2, None, guild_id=1)
    age = f"<t:{int(NOW.timestamp())}:R>"
    _, first, second = call_text.calls_page(page).splitlines()
    assert first.endswith(f" · {age} · [card](https://discord.com/channels/1/2/70)")
    assert second.endswith(f" · {age}")


def test_old_units_say_their_age():
    page = CallsPage((CallLine(SHOTS, ()),), 1, 1, 1, NOW, "", NOW - timedelta(minutes=3))
    stamp, old = (f"<t:{int(at.timestamp())}:R>" for at in (NOW, NOW - timedelta(minutes=3)))
    assert call_text.calls_page(page).startswith(
        f"✅ 1 open call · page 1 of 1 · confirmed {stamp} · units of {old}\n"
    )


def test_counts_of_one_and_of_none():
    assert call_text.calls_page(CallsPage((CallLine(SHOTS, ()),), 1, 1, 1, None)).startswith(
        "✅ 1 open call ·"
    )
    assert call_text.calls_page(CallsPage((), 1, 1, 0, None)) == "✅ No call is open."


_TEXT = st.text(max_size=300) | st.sampled_from(["*" * 300, "<@1>" * 90])
_NUMBER = st.integers(1, 2**31)
_CALL = st.builds(
    Call,
    _NUMBER,
    _TEXT,
    _TEXT,
    st.just(()),
    priority=st.integers(-9, 9),
    priority_text=_TEXT,
    address=_TEXT,
)
_EMERGENCY = st.builds(EmergencyCall, _NUMBER, st.booleans(), _TEXT, _TEXT, _TEXT)
_LINE = st.builds(
    CallLine,
    _CALL | _EMERGENCY,
    st.lists(st.builds(CallUnit, _NUMBER, _TEXT), max_size=40).map(tuple),
    _TEXT,
    st.none() | st.just(StoredCard(1, CardKind.CALL, 7, 2**63, 2**63, NOW)),
)


@given(line=_LINE, server=_TEXT)
def test_the_longest_page_is_not_cut(line: CallLine, server: str):
    text = call_text.calls_page(CallsPage((line,) * PAGE_SIZE, 100, 1000, 7000, NOW, server))
    assert len(text) <= 2000
    assert len(text.splitlines()) == PAGE_SIZE + 1
    assert "<@" not in text
