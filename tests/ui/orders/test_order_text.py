from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import cycle, islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.cad import errors as cad_errors
from bot.cad.errors import (
    CadError,
    CadRateLimited,
    CadRefused,
    CadTimeout,
    CadUnavailable,
    CadUnreachable,
    CadUnreadable,
    UnitListIncomplete,
    UnitListOutdated,
)
from bot.services.orders.outcomes import (
    BoardConfirmation,
    OrderDetail,
    OrderView,
    Outcome,
    StoredError,
    WaitNotice,
)
from bot.services.targets.resolution import Assignee, MemberGroupSummary, Resolution
from bot.services.targets.skipped_target import SkippedTarget, SkipReason, Target
from bot.storage.stores.order_store import Order, OrderAction, OrderState
from bot.ui.orders import order_text
from bot.ui.orders.action_text import WORDS
from bot.ui.orders.move_text import off_call_text
from tests.services.samples import unit

NO_DETAIL = OrderDetail()
NEEDS_NO_CALL = {OrderAction.DETACH, OrderAction.RESPOND, OrderAction.UNDO}
NEVER_SENT = {OrderState.CANCELLED, OrderState.EXPIRED, OrderState.UNREADABLE}
ABOUT_UNITS = {OrderAction.ATTACH, OrderAction.DETACH, OrderAction.RESPOND, OrderAction.UNDO}
PUTS_ON_CALL = {OrderAction.ATTACH, OrderAction.RESPOND}
MARKS = ("✅", "⚠️", "❌", "⏳")
HOSTILE = "`@everyone` **x**\n[a](https://b.example)\u202e"
SNOWFLAKE = 2**63 - 1
NOW = datetime(2026, 1, 1, tzinfo=UTC)
AT = "<t:1767225600:R>"

PAT = Assignee("steam:1", 7, unit(1, "A-12"), on_duty=True)
QUIET = Assignee("steam:2", 8, None, on_duty=None)
A7 = Assignee("steam:3", None, unit(3, "A-7"), on_duty=True)
BARE = Assignee("steam:4", None, unit(4), on_duty=True)
UNSEEN = Assignee("steam:5", None, None, on_duty=False)


def left_out(text: str, reason: SkipReason, member_id: int | None = None) -> SkippedTarget:
    return SkippedTarget(Target(text, member_id), reason)


def view(
    *found: Assignee | SkippedTarget,
    outcome: Outcome | None = None,
    waiting: WaitNotice | None = None,
    detail: OrderDetail = NO_DETAIL,
    **order: Any,
) -> OrderView:
    """Build an order from its units, its skipped targets and its unusual fields."""
    usual = {"id": 1, "guild_id": 2, "server_id": 1, "action": OrderAction.ATTACH, "call_id": 100}
    usual |= {"units": "A-12", "actor_id": 5, "created_at": NOW, "application_id": 6}
    people = tuple(one for one in found if isinstance(one, Assignee))
    others = tuple(one for one in found if isinstance(one, SkippedTarget))
    stored = Order(**{**usual, "token": None, **order})
    return OrderView(stored, Resolution(people, others), outcome, waiting, detail)


def done(
    *found: Assignee | SkippedTarget,
    title: str = "",
    confirmation: BoardConfirmation = BoardConfirmation.PENDING,
    missing: tuple[str, ...] = (),
    unmoved: tuple[str, ...] = (),
    **order: Any,
) -> OrderView:
    outcome = Outcome(None, 0.1, title, confirmation, missing, unmoved=unmoved)
    return view(*found, outcome=outcome, state=OrderState.DONE, **order)


def refused(
    *found: Assignee | SkippedTarget,
    error: CadError | None = None,
    title: str = "",
    is_unsure: bool = False,
    **order: Any,
) -> OrderView:
    outcome = Outcome(
        StoredError.from_error(error) if error else None, 0.1, title, is_unsure=is_unsure
    )
    return view(*found, outcome=outcome, **{"state": OrderState.REFUSED, **order})


@pytest.mark.parametrize(
    ("one", "lines"),
    [
        (
            done(PAT, QUIET, A7, BARE, title="Armed Robbery"),
            ["✅ **#100** Armed Robbery: <@7> (A\\-12), <@8>, A\\-7, `steam:4`"],
        ),
        (
            done(PAT, confirmation=BoardConfirmation.CONFIRMED),
            ["✅ **#100**: <@7> (A\\-12)", "Confirmed by the CAD."],
        ),
        (
            done(PAT, confirmation=BoardConfirmation.UNKNOWN),
            [
                "✅ **#100**: <@7> (A\\-12)",
                (
                    "The CAD accepted the order, but did not say whether it shows on the call."
                    " Check the call."
                ),
            ],
        ),
        (
            done(PAT, A7, confirmation=BoardConfirmation.MISSING, missing=("steam:3",)),
            [
                "⚠️ **#100**: <@7> (A\\-12), A\\-7",
                "The CAD accepted the order, but does not show A\\-7 on the call.",
            ],
        ),
        (
            done(PAT, confirmation=BoardConfirmation.MISSING, missing=("steam:1",)),
            [
                "❌ Not on **#100**: <@7> (A\\-12)",
                "The CAD accepted the order, but does not show <@7> (A\\-12) on the call.",
            ],
        ),
        (
            done(PAT, left_out("<@9>", SkipReason.NOT_LINKED, 9)),
            [
                "⚠️ **#100**: <@7> (A\\-12)",
                (
                    "Left out: <@9>: not linked. Use `/link` with `member:`, or ask them to use"
                    " `/link`."
                ),
            ],
        ),
        (
            done(UNSEEN),
            [
                "⚠️ **#100**: `steam:5`",
                "The CAD accepted `steam:5`, but no unit on duty has this API id.",
            ],
        ),
        (
            refused(
                left_out("B-1", SkipReason.NO_SUCH_UNIT),
                left_out("<@&5>", SkipReason.NOT_UNDERSTOOD),
                left_out("b-2", SkipReason.NO_SUCH_UNIT),
                left_out("<:e:1>", SkipReason.NOT_UNDERSTOOD),
            ),
            [
                "❌ Not attached to **#100**.",
                "Left out: `B-1`, `b-2`: no unit on duty has this number.",
                "Left out: <@&5>, `<:e:1>`: this is no member, unit or group of units.",
            ],
        ),
        (
            refused(PAT, UNSEEN, error=CadRefused("CALL NOT FOUND", status=400)),
            [
                "❌ Not attached to **#100**. The CAD refused: `CALL NOT FOUND`.",
                "Units: <@7> (A\\-12), `steam:5`",
            ],
        ),
        (
            view(PAT, state=OrderState.CANCELLED),
            ["❌ Cancelled. Not attached to **#100**.", "Units: <@7> (A\\-12)"],
        ),
        (
            refused(PAT, state=OrderState.EXPIRED),
            [
                "❌ Not attached to **#100**: the CAD did not take the order in time.",
                "Units: <@7> (A\\-12)",
            ],
        ),
        (
            view(PAT, waiting=WaitNotice(NOW, None, 60)),
            [
                f"⏳ Busy: it goes out {AT} at the earliest. The CAD takes 60 orders a minute.",
                "To be attached to **#100**: <@7> (A\\-12)",
            ],
        ),
        (
            view(PAT, waiting=WaitNotice(NOW, CadUnavailable(status=502), 60)),
            [
                "⏳ Sonoran CAD has a fault (502). I keep trying until <t:1767225600:t>.",
                "To be attached to **#100**: <@7> (A\\-12)",
            ],
        ),
        (
            done(PAT, action=OrderAction.DETACH, call_id=None),
            ["✅ Off their calls: <@7> (A\\-12)"],
        ),
        (
            done(PAT, action=OrderAction.DETACH, title="Fire"),
            ["✅ Off **#100** Fire: <@7> (A\\-12)"],
        ),
    ],
)
def test_how_an_order_reads(one, lines) -> None:
    assert order_text.order_reply(one).splitlines() == lines


@pytest.mark.parametrize("error", [None, CadTimeout(), CadRefused("NO"), CadUnreadable()])
@pytest.mark.parametrize("action", [OrderAction.ATTACH, OrderAction.DETACH])
@pytest.mark.parametrize("state", [OrderState.REFUSED, OrderState.EXPIRED, OrderState.CANCELLED])
def test_what_may_have_been_done_is_not_called_undone(error, action, state) -> None:
    unsure = "It is not certain whether the units were "
    for is_unsure, words in ((True, f"{unsure}{action}ed "), (False, f"Not {action}ed ")):
        one = refused(PAT, error=error, is_unsure=is_unsure, action=action, state=state)
        text = order_text.order_reply(one)
        if error is not None or state is not OrderState.REFUSED:
            assert text.removeprefix("❌ ").removeprefix("Cancelled. ").startswith(words)
            assert text.endswith("\nUnits: <@7> (A\\-12)")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (CadRateLimited(), "Sonoran CAD takes no more requests for now."),
        (UnitListIncomplete(), "Sonoran CAD takes no more requests for now."),
        (
            UnitListIncomplete(loaded=90, as_of=datetime(2026, 1, 1, tzinfo=UTC)),
            "The list of units on duty is still loading: 90 so far, as of <t:1767225600:R>.",
        ),
        (UnitListOutdated(), "Sonoran CAD takes no more requests for now."),
        (
            UnitListOutdated(as_of=datetime(2026, 1, 1, tzinfo=UTC)),
            (
                "The list of units on duty was read <t:1767225600:R>, and the CAD does not show it"
                " again yet."
            ),
        ),
        (CadUnavailable(status=503), "Sonoran CAD has a fault (503)."),
        (CadUnreachable("No route"), "Sonoran CAD cannot be reached (`No route`)."),
        (CadTimeout(), "Sonoran CAD is not answering."),
    ],
)
def test_why_an_order_waits(error, words) -> None:
    assert order_text.order_reply(view(PAT, waiting=WaitNotice(NOW, error, 60))).startswith(
        f"⏳ {words} I keep"
    )


def test_every_reason_has_words() -> None:
    for reason in SkipReason:
        first, _, rest = order_text.order_reply(refused(left_out("B-1", reason))).partition("\n")
        assert first.startswith("❌ Not attached to")
        is_about_the_giver = reason.value > 100
        assert rest.startswith("Left out: `B-1`: ") is not is_about_the_giver
        assert len(rest.removeprefix("Left out: `B-1`: ")) > 15


names = st.sampled_from(["A-12", "x" * 4000, HOSTILE * 90, "🚓" * 4000, "-" * 4000])
errors = st.sampled_from([None, CadRefused("X" * 300), CadUnavailable(HOSTILE * 5, status=502)])
duties = st.sampled_from([True, False, None])
# Reasons about the actor concern the whole order and stand alone.
ABOUT_PEOPLE = [reason for reason in SkipReason if reason.value < 100]
reason_lists = st.lists(st.sampled_from(ABOUT_PEOPLE), max_size=50)
verdicts = st.sampled_from(list(BoardConfirmation))


@settings(max_examples=30)  # each has up to 100 names of 4,000 characters
@given(names, st.integers(0, 50), reason_lists, st.one_of(errors, verdicts), duties)
def test_every_answer_fits_and_stays_whole(name, count, reasons, end, on_duty) -> None:
    people = [
        Assignee(name, SNOWFLAKE if number % 2 else None, unit(1, name), on_duty)
        for number in range(count)
    ]
    others = [
        left_out(name, reason, SNOWFLAKE if number % 3 else None)
        for number, reason in enumerate(reasons)
    ]
    if isinstance(end, BoardConfirmation):
        missing = tuple(one.api_id for one in people)
        one = done(*people, *others, title=name, confirmation=end, missing=missing)
    else:
        one = refused(*people, *others, error=end, title=name)
    text = order_text.order_reply(one)
    assert len(text) <= 2000
    assert text.startswith(MARKS)
    # Nothing was cut in the middle: spans are closed, and each reason has its line.
    assert text.count("`") % 2 == 0
    shown = text.count("\nLeft out: ")
    assert shown == len(set(reasons)) or (shown >= 8 and text.endswith("\n…and more of that kind."))
    for said in (text, order_text.order_line(one)):
        outside = "".join(said.split("`")[::2])
        assert "@everyone" not in outside.replace("\\@everyone", "")
        assert "](http" not in outside
    assert "\n" not in order_text.order_line(one)
    assert len(order_text.order_line(one)) <= 700


def test_all_at_once_at_its_longest() -> None:
    people = [Assignee("x" * 4000, SNOWFLAKE, unit(1, "-" * 4000), False) for _ in range(50)]
    others = [left_out("y" * 4000, one) for one in islice(cycle(ABOUT_PEOPLE), 50)]
    one = done(*people, *others, title="-" * 4000)
    assert len(order_text.order_reply(one)) <= 2000
    text = order_text.order_reply(one, 1700)
    assert len(text) <= 1700
    # More reasons than one order ever has: the first ones are shown, each with its whole line.
    assert text.endswith(".\n…and more of that kind.")
    told = text.count("\nLeft out: ")
    assert told >= 8
    assert text.count("more: ") + text.count("more\n") + text.count("more,") == told + 2


KINDS = [kind for kind in vars(cad_errors).values() if isinstance(kind, type)]
KINDS = [kind for kind in KINDS if issubclass(kind, CadError)]
people_lists = st.lists(st.sampled_from([PAT, QUIET, A7, BARE, UNSEEN]), unique=True, max_size=4)
other_lists = st.lists(
    st.builds(left_out, st.sampled_from(["B-1", HOSTILE]), st.sampled_from(ABOUT_PEOPLE)),
    max_size=3,
)
faults = st.none() | st.builds(
    lambda kind, text: StoredError(kind.__name__, text, 400, 2.0),
    st.sampled_from(KINDS),
    st.sampled_from(["", "NO", HOSTILE]),
)
waits = st.none() | st.builds(
    WaitNotice,
    st.just(NOW),
    st.none() | st.sampled_from(KINDS).map(lambda kind: kind("why", status=502)),
    st.just(60),
)


@st.composite
def views(draw: st.DrawFn) -> OrderView:
    """Draw an order in any state, with anything that may be known about it."""
    people = draw(people_lists)
    ids = [one.api_id for one in people]
    some = st.lists(st.sampled_from(ids), unique=True) if ids else st.just([])
    missing = draw(some)
    verdict = draw(verdicts)
    outcome = Outcome(
        draw(faults),
        12.5,
        draw(st.sampled_from(["", "Fire", HOSTILE])),
        BoardConfirmation.MISSING if missing else verdict,
        tuple(missing),
        draw(st.booleans()),
        unmoved=tuple(draw(some)),
        left=tuple(draw(some)),
        emptied=draw(st.sampled_from([(), (101,), (101, 103)])),
    )
    state = draw(st.sampled_from(list(OrderState)))
    action = draw(st.sampled_from(list(WORDS)))
    detail = OrderDetail(7, draw(st.integers(0, 4)), draw(st.sampled_from(["", "Hi", HOSTILE])))
    return view(
        *people,
        *draw(other_lists),
        outcome=None if state.is_open else outcome,
        waiting=draw(waits) if state is OrderState.QUEUED else None,
        state=state,
        action=action,
        call_id=draw(st.sampled_from([100, None])) if action in NEEDS_NO_CALL else 100,
        units=HOSTILE,
        detail=detail,
    )


@given(views())
def test_no_answer_says_more_than_is_known(one: OrderView) -> None:
    text = order_text.order_reply(one)
    first = text.partition("\n")[0]
    outcome = one.outcome
    is_whole = not one.resolution.left_out and all(
        who.on_duty is not False for who in one.resolution.assignees
    )
    if one.waiting:
        assert first.startswith("⏳ ")
        assert "To be " in text
    elif one.order.state is OrderState.DONE:
        assert outcome
        named = {who.api_id for who in one.resolution.assignees}
        if outcome.missing and set(outcome.missing) == named:
            assert first.startswith(("❌ Not on ", "❌ Still on ", "❌ Not undone"))
        elif named and named <= set(outcome.unmoved) and one.order.action in PUTS_ON_CALL:
            assert first.startswith("⚠️ Already on ")
        else:
            assert first.startswith("✅ " if is_whole and not outcome.missing else "⚠️ ")
    elif one.order.state is OrderState.AWAITING_CONFIRMATION:
        assert first.startswith("⏳ ")
        assert "Not sent yet" in first
        assert "ttached" not in text
    elif one.order.state is OrderState.CONFIRMED:
        assert first == "✅ Confirmed: the order that followed has the result."
    elif (off_call := off_call_text(one)) and one.order.state not in NEVER_SENT:
        assert first == f"⚠️ {off_call}"
    else:
        assert first.startswith("❌ ")
        unsure = outcome is not None and outcome.is_unsure
        if one.order.state is not OrderState.UNREADABLE:
            assert (f"It is not certain whether {WORDS[one.order.action].subject} " in text) is (
                unsure
            )
            assert ("Not " in first) is not unsure
    is_confirmed = outcome is not None and outcome.confirmation is BoardConfirmation.CONFIRMED
    is_done = one.order.state is OrderState.DONE
    is_about_units = one.order.action in ABOUT_UNITS
    assert ("Confirmed by the CAD." in text) is (is_confirmed and is_done and is_about_units)
    assert ("The CAD accepted" in text) <= is_done


@given(views())
def test_foreign_words_stay_where_they_are_put(one: OrderView) -> None:
    for text in (order_text.order_reply(one), order_text.order_line(one)):
        assert text.count("`") % 2 == 0
        outside = "".join(text.split("`")[::2])
        assert "@everyone" not in outside.replace("\\@everyone", "")
        assert "](http" not in outside
        assert "\u202e" not in text
    assert "\n" not in order_text.order_line(one)


@given(views())
def test_a_line_opens_with_the_same_mark(one: OrderView) -> None:
    mark = order_text.order_line(one).partition(" ")[0]
    if one.order.state.is_open:
        assert mark == "⏳"
    else:
        assert mark == order_text.order_reply(one).partition(" ")[0]
    states = {
        OrderState.AWAITING_CONFIRMATION: "not confirmed",
        OrderState.CONFIRMED: "confirmed: another order",
    }
    assert f" · {states.get(one.order.state, one.order.state)}" in order_text.order_line(one)


def test_a_withdrawn_order_is_not_listed_as_waiting() -> None:
    assert order_text.order_line(view(state=OrderState.CANCELLED)).startswith(
        "❌ `A-12` → **#100** · by <@5>"
    )


@pytest.mark.parametrize(
    ("one", "first_line"),
    [
        (done(A7, title="Bank Alarm"), "✅ **#100** Bank Alarm on Liberty City: A\\-7"),
        (
            done(A7, action=OrderAction.DETACH, call_id=None),
            "✅ Off their calls on Liberty City: A\\-7",
        ),
        (refused(A7), "❌ Not attached to **#100** on Liberty City."),
        (
            view(A7, state=OrderState.AWAITING_CONFIRMATION),
            (
                "⏳ Attach 1 units to **#100** on Liberty City? Not sent yet: press **Confirm**"
                " before <t:1767226500:t>, or give the order again."
            ),
        ),
    ],
)
def test_where_a_community_has_several_servers_the_answer_names_the_server(
    one: OrderView, first_line: str
) -> None:
    answer = order_text.order_reply(replace(one, server="Liberty City"))
    assert answer.splitlines()[0] == first_line


@pytest.mark.parametrize(
    ("order", "start"),
    [
        ({}, "✅ A\\-7 → **#100** on Liberty City · by <@5>"),
        (
            {"action": OrderAction.DETACH, "call_id": None},
            "✅ A\\-7 off their calls on Liberty City · by <@5>",
        ),
    ],
)
def test_where_a_community_has_several_servers_a_line_names_the_server(
    order: dict[str, Any], start: str
) -> None:
    line = order_text.order_line(replace(done(A7, **order), server="Liberty City"))
    assert line.startswith(start)


@pytest.mark.parametrize("room", [1000, 1500, 2000])
def test_an_answer_fits_into_the_room_there_is(room: int) -> None:
    people = [Assignee(f"steam:{one}", SNOWFLAKE - one, None, None) for one in range(50)]
    text = order_text.order_reply(done(*people), room)
    assert len(text) <= room
    assert "more" in text


BOB = Assignee("steam:6", 9, unit(6, "A-3"), on_duty=True, call_id=101)


def asked(*found: Assignee | SkippedTarget, **more: Any) -> OrderView:
    return view(
        *found, outcome=Outcome(None, 0.1, "Fire"), state=OrderState.AWAITING_CONFIRMATION, **more
    )


@pytest.mark.parametrize(
    ("one", "question"),
    [
        (asked(PAT, A7, BOB), "Attach 3 units to **#100** Fire?"),
        (asked(PAT, action=OrderAction.DETACH), "Detach 1 units from **#100** Fire?"),
        (asked(PAT, action=OrderAction.DETACH, call_id=None), "Detach 1 units from their calls?"),
    ],
)
def test_a_question_says_what_would_happen(one: OrderView, question: str) -> None:
    first = order_text.order_reply(one).partition("\n")[0]
    assert first == (
        f"⏳ {question} Not sent yet: press **Confirm** before <t:1767226500:t>, or give"
        " the order again."
    )


def test_a_question_says_who_who_not_and_from_where() -> None:
    one = asked(PAT, replace(A7, call_id=100), BOB, left_out("B-1", SkipReason.NO_SUCH_UNIT))
    assert order_text.order_reply(one).splitlines()[1:] == [
        "Units: <@7> (A\\-12), A\\-7, <@9> (A\\-3)",
        "Leaving another call: <@9> (A\\-3) (**#101**)",
        "Left out: `B-1`: no unit on duty has this number.",
    ]


def test_who_is_excluded_or_could_not_be_and_who_of_a_crowd_is_not_meant() -> None:
    found = Resolution(
        (PAT,),
        (
            SkippedTarget(Target("-Z-9"), SkipReason.NO_SUCH_UNIT, is_excluded=True),
            SkippedTarget(Target("-<@8>", 8), SkipReason.NOT_LINKED, is_excluded=True),
            SkippedTarget(Target("Z-8"), SkipReason.NO_SUCH_UNIT),
        ),
        (BOB,),
        (MemberGroupSummary(Target("<@&5>"), 200, 180, 12),),
    )
    one = replace(done(PAT), resolution=found)
    assert order_text.order_reply(one).splitlines() == [
        "⚠️ **#100**: <@7> (A\\-12)",
        "Excluded: <@9> (A\\-3)",
        "Left out: `Z-8`: no unit on duty has this number.",
        "Not excluded: -<@8>: not linked. Use `/link` with `member:`, or ask them to use `/link`.",
        "Not excluded: `-Z-9`: no unit on duty has this number.",
        "<@&5> (200 members): 180 not linked and 12 not on duty.",
    ]


def test_an_order_for_a_role_is_done_although_members_are_missing() -> None:
    found = Resolution((PAT,), attendances=(MemberGroupSummary(Target("<@&5>"), 9, 8, 0),))
    assert order_text.order_reply(replace(done(PAT), resolution=found)).startswith("✅ ")


def test_more_people_than_one_order_takes() -> None:
    one = replace(refused(units="<@&5:1,2,3>"), resolution=Resolution(too_many=73))
    assert order_text.order_reply(one) == (
        "❌ Not attached to **#100**: 73 units are too many; one order takes at most 50."
        "\nUnits: <@&5>"
    )
