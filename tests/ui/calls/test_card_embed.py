"""Cards fit into Discord's limits and show the CAD's text unchanged, whatever it contains."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import discord
from hypothesis import given
from hypothesis import strategies as st

from bot.cad.models import Call, EmergencyCall, Note
from bot.services.board.call_layouts import LayoutDetails
from bot.services.cards.card_content import CallUnit, CardContent, visible_part
from bot.storage.stores.card_store import CardKind
from bot.ui.calls import card_embed

NOW = datetime(2026, 6, 1, 21, 0, tzinfo=UTC)
ROBBERY = Call(
    100,
    "Armed Robbery",
    "211",
    (1, 2),
    priority=1,
    block="100",
    address="Innocence Boulevard",
    postal="8092",
    description="A man with a *handgun*",
    notes=(Note("21:30:12", "D-1", "Silent alarm"),),
)
SHOTS = EmergencyCall(7, True, "Jane Doe", "Grove Street", "Shots", {"Postal": "9112"})
PAT = CallUnit(1, "A-12", "Pat Moreno", 3, 42, is_primary=True)
FACE = CardContent(CardKind.CALL, 1, 100, ROBBERY, (PAT, CallUnit(2)), NOW, NOW)
EMERGENCY = CardContent(CardKind.EMERGENCY, 1, 7, SHOTS, (), NOW, NOW)


def fields(embed: discord.Embed) -> dict[str, str]:
    return {field.name or "": field.value or "" for field in embed.fields}


def test_a_call():
    embed = card_embed.card(FACE)
    stamp = f"<t:{int(NOW.timestamp())}:R>"
    assert embed.title == "Call #100 Armed Robbery"
    assert embed.description == "A man with a \\*handgun\\*"
    assert fields(embed) == {
        "Code": "211",
        "Priority": "1",
        "Place": "100 Innocence Boulevard · postal 8092",
        "Units (2)": "★ **A\\-12** · Pat Moreno · enroute · <@42>\n**2**",
        "Notes": "21\\:30\\:12 D\\-1 · Silent alarm",
        "First seen": stamp,
        "Confirmed": stamp,
    }


def test_old_units_say_their_age():
    stamp, old = (f"<t:{int(at.timestamp())}:R>" for at in (NOW, NOW - timedelta(minutes=3)))
    content = replace(FACE, units_as_of=NOW - timedelta(minutes=3))
    assert fields(card_embed.card(content))["Confirmed"] == f"{stamp}\nunits of {old}"
    # Without units their age is no news; and it alone is no reason to edit a card.
    assert fields(card_embed.card(replace(content, units=())))["Confirmed"] == stamp
    assert content.looks_like(FACE)


def test_a_call_of_a_custom_layout():
    details = LayoutDetails("Medical", "Crew *deployed*", (("Caller", "Alex_S"), ("Age", "40")))
    high = replace(ROBBERY, title="", code="", priority=3, priority_text="High", notes=())
    content = replace(FACE, call=high, details=details)
    embed = card_embed.card(content)
    assert embed.title == "Call #100 Medical"
    assert fields(embed)["Priority"] == "High"
    assert fields(embed)["Status"] == "Crew \\*deployed\\*"
    assert fields(embed)["Medical"] == "**Caller**: Alex\\_S\n**Age**: 40"
    unnamed = card_embed.card(replace(content, details=replace(details, name="")))
    assert unnamed.title == "Call #100 \\(untitled\\)"
    assert "Details" in fields(unnamed)
    ranked = {
        card_embed.card(replace(FACE, call=replace(ROBBERY, priority=one))).colour
        for one in (1, 2, 3)
    }
    assert embed.colour not in ranked
    urgent = card_embed.card(replace(content, is_urgent=True))
    assert urgent.colour == card_embed.card(replace(FACE, call=ROBBERY)).colour != embed.colour


def test_the_time_of_a_note_is_shown_in_the_readers_time_zone():
    notes = (Note("2026-06-01T20:58:00Z", "D-1", "Alarm"), Note("21:02:00", "D-1", "Out"))
    embed = card_embed.card(replace(FACE, call=replace(ROBBERY, notes=notes)))
    stamps = [int(NOW.timestamp()) + 60 * minutes for minutes in (-2, 2)]
    assert fields(embed)["Notes"] == (
        f"<t:{stamps[0]}:t> D\\-1 · Alarm\n<t:{stamps[1]}:t> D\\-1 · Out"
    )


def test_a_911_call():
    embed = card_embed.card(EMERGENCY)
    assert embed.title == "911 #7 Jane Doe"
    assert fields(embed)["Place"] == "Grove Street · postal 9112"
    civil = replace(EMERGENCY, call=replace(SHOTS, is_emergency=False, caller=""))
    assert card_embed.card(civil).title == "911 #7 non-emergency · unknown caller"


def test_nothing_known_is_said_so():
    embed = card_embed.card(replace(FACE, call=Call(100, "", "", ()), units=()))
    assert embed.title == "Call #100 \\(untitled\\)"
    assert embed.description is None
    assert fields(embed)["Place"] == "*unknown*"
    assert fields(embed)["Units (0)"] == "no units yet"


def test_priorities_stale_and_closed_are_told_by_colour():
    priorities = {
        card_embed.card(replace(FACE, call=replace(ROBBERY, priority=one))).colour
        for one in (1, 2, 3)
    }
    stale = card_embed.card(replace(FACE, is_stale=True))
    closed = card_embed.card(replace(FACE, closed_at=NOW))
    assert len(priorities | {stale.colour, card_embed.card(EMERGENCY).colour}) == 5
    assert stale.colour == closed.colour
    assert stale.title == "STALE · Call #100 Armed Robbery"
    assert closed.title == "CLOSED · Call #100 Armed Robbery"
    assert fields(closed).keys() >= {"Closed"}
    assert "Confirmed" not in fields(closed)


def test_a_card_of_which_only_the_message_is_left_keeps_what_it_says():
    stale = card_embed.restyled(card_embed.card(FACE), replace(FACE, call=None, is_stale=True))
    closed = card_embed.restyled(
        stale, replace(FACE, call=None, closed_at=NOW + timedelta(hours=1))
    )
    assert stale.title == "STALE · Call #100 Armed Robbery"
    assert closed.title == "CLOSED · Call #100 Armed Robbery"
    assert fields(closed)["Code"] == "211"


_TEXT = st.text(max_size=3000) | st.sampled_from(["*" * 3000, "<@1>" * 900, "\n" * 2000, "é" * 999])
_NOTES = st.lists(st.builds(Note, _TEXT, _TEXT, _TEXT), max_size=6).map(tuple)
_CALLS = st.builds(
    Call,
    st.integers(1, 2**31),
    _TEXT,
    _TEXT,
    st.just(()),
    priority=st.integers(-5, 9),
    block=_TEXT,
    address=_TEXT,
    postal=_TEXT,
    description=_TEXT,
    notes=_NOTES,
    priority_text=_TEXT,
)
_DETAILS = st.builds(
    LayoutDetails, _TEXT, _TEXT, st.lists(st.tuples(_TEXT, _TEXT), max_size=30).map(tuple)
)
_EMERGENCIES = st.builds(
    EmergencyCall,
    st.integers(1, 2**31),
    st.booleans(),
    _TEXT,
    _TEXT,
    _TEXT,
    st.dictionaries(st.sampled_from(["postal", "x"]), _TEXT),
)
_PEOPLE = st.builds(
    CallUnit, st.integers(), _TEXT, _TEXT, st.integers(-3, 200), st.none() | st.just(2**62)
)
_CROWDS = st.tuples(_PEOPLE, st.integers(0, 60)).map(lambda pair: (pair[0],) * pair[1])


@given(call=_CALLS | _EMERGENCIES, people=_CROWDS, is_stale=st.booleans(), details=_DETAILS)
def test_every_card_fits(
    call: Call | EmergencyCall,
    people: tuple[CallUnit, ...],
    is_stale: bool,
    details: LayoutDetails,
):
    kind = CardKind.CALL if isinstance(call, Call) else CardKind.EMERGENCY
    face = replace(
        FACE,
        kind=kind,
        call_id=call.call_id,
        call=visible_part(call),
        units=people,
        is_stale=is_stale,
        details=details,
    )
    embed = card_embed.card(face)
    assert len(embed) <= 6000
    assert len(embed.title or "") <= 256
    assert len(embed.description or "") <= 4096
    assert len(embed.fields) <= 25
    for name, value in fields(embed).items():
        assert 0 < len(name) <= 256
        assert 0 < len(value.strip()) <= 1024
    texts = [embed.title or "", embed.description or "", fields(embed)["Place"]]
    assert not any("<@" in text for text in texts)


def test_a_911_call_leads_to_the_call_that_it_became():
    closed = replace(EMERGENCY, closed_at=NOW, answered_by=103, answer_message_id=55)
    url = "https://discord.com/channels/1/2"
    assert fields(card_embed.card(closed, url))["Became"] == f"[call #103]({url}/55)"
    assert fields(card_embed.plain_card(closed, url))["Became"] == f"[call #103]({url}/55)"
    for unposted in (replace(closed, answer_message_id=None), closed):
        address = "" if unposted is closed else url
        assert fields(card_embed.card(unposted, address))["Became"] == "call #103"
    assert "Became" not in fields(card_embed.card(replace(closed, answered_by=None), url))
