from __future__ import annotations

from datetime import UTC, datetime
from itertools import cycle, islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cad.errors import (
    CadBrokenOff,
    CadRateLimited,
    CadRedirected,
    CadRefused,
    CadTimeout,
    CadUnavailable,
    CadUnreachable,
    CadUnreadable,
)
from bot.services.attach import Outcome
from bot.services.linking import Linked, LinkPage
from bot.services.targets import Assignee, LeftOut, Reason, Resolution, Target
from bot.storage.links import Link
from bot.ui import replies
from tests.services.samples import unit

MARKS = ("✅", "⚠️", "❌")
HOSTILE = "`@everyone` **x**\n[a](https://b.example)\u202e"
SNOWFLAKE = 2**63 - 1

PAT = Assignee("steam:1", 7, unit(1, "A-12"), on_duty=True)
QUIET = Assignee("steam:2", 8, None, on_duty=None)
A7 = Assignee("steam:3", None, unit(3, "A-7"), on_duty=True)
BARE = Assignee("steam:4", None, unit(4), on_duty=True)
UNSEEN = Assignee("steam:5", None, None, on_duty=False)


def left_out(text: str, reason: Reason, member_id: int | None = None) -> LeftOut:
    return LeftOut(Target(text, member_id), reason)


def outcome(*found: Assignee | LeftOut, error=None, title="") -> Outcome:
    people = tuple(one for one in found if isinstance(one, Assignee))
    others = tuple(one for one in found if isinstance(one, LeftOut))
    return Outcome(100, title, Resolution(people, others), error)


@pytest.mark.parametrize(
    ("one", "lines"),
    [
        (
            outcome(PAT, QUIET, A7, BARE, title="Armed Robbery"),
            ["✅ Attached to **#100** Armed Robbery: <@7> (A\\-12), <@8>, A\\-7, `steam:4`"],
        ),
        (
            outcome(PAT, left_out("<@9>", Reason.NOT_LINKED, 9)),
            [
                "⚠️ Attached to **#100**: <@7> (A\\-12)",
                "Left out: <@9>: not linked. They can use `/link`, or you `/link` with `member:`.",
            ],
        ),
        (
            outcome(UNSEEN),
            [
                "⚠️ Attached to **#100**: `steam:5`",
                "The CAD accepted `steam:5`, but no unit on duty has this API id.",
            ],
        ),
        (
            outcome(
                left_out("B-1", Reason.NO_SUCH_UNIT),
                left_out("<@&5>", Reason.NOT_UNDERSTOOD),
                left_out("b-2", Reason.NO_SUCH_UNIT),
                left_out("<:e:1>", Reason.NOT_UNDERSTOOD),
            ),
            [
                "❌ Nobody was attached to **#100**.",
                "Left out: `B-1`, `b-2`: no unit on duty has this number.",
                "Left out: <@&5>, `<:e:1>`: only members, unit numbers and API ids can be named.",
            ],
        ),
        (
            outcome(PAT, UNSEEN, error=CadRefused("CALL NOT FOUND", status=400)),
            [
                "❌ Nobody was attached to **#100**. The CAD refused: `CALL NOT FOUND`.",
                "For: <@7> (A\\-12), `steam:5`",
            ],
        ),
    ],
)
def test_attached(one, lines) -> None:
    assert replies.attached(one).splitlines() == lines


@pytest.mark.parametrize(
    ("error", "certain"),
    [
        (CadRefused("NO", status=400), True),
        (CadRateLimited(status=429), True),
        (CadRedirected(status=302), True),
        (CadUnreachable("Connection refused"), True),
        (CadBrokenOff("half-way"), False),
        (CadTimeout(), False),
        (CadUnavailable(status=502), False),
        (CadUnreadable(status=200), False),
    ],
)
@pytest.mark.parametrize("render", [replies.attached, replies.detached])
def test_what_may_have_been_done_is_not_called_undone(error, certain, render) -> None:
    text = render(outcome(PAT, error=error))
    assert text.startswith("❌ Nobody was " if certain else "❌ It is not certain that anyone was ")
    assert text.endswith("\nFor: <@7> (A\\-12)")


def test_detached() -> None:
    assert replies.detached(outcome(PAT)) == "✅ Detached from their calls: <@7> (A\\-12)"
    assert replies.detached(outcome()) == "❌ Nobody was detached from a call."


def test_every_reason_has_words() -> None:
    for reason in Reason:
        text = replies.attached(outcome(left_out("B-1", reason)))
        assert len(text.partition("Left out: `B-1`: ")[2]) > 20


names = st.sampled_from(["A-12", "x" * 4000, HOSTILE * 90, "🚓" * 4000, "-" * 4000])
errors = st.sampled_from([None, CadRefused("X" * 300), CadUnavailable(HOSTILE * 5, status=502)])
duties = st.sampled_from([True, False, None])
reason_lists = st.lists(st.sampled_from(list(Reason)), max_size=50)


@given(names, st.integers(0, 50), reason_lists, errors, duties)
def test_every_answer_fits_and_stays_whole(name, count, reasons, error, on_duty) -> None:
    people = [
        Assignee(name, SNOWFLAKE if number % 2 else None, unit(1, name), on_duty)
        for number in range(count)
    ]
    others = [
        left_out(name, reason, SNOWFLAKE if number % 3 else None)
        for number, reason in enumerate(reasons)
    ]
    one = outcome(*people, *others, error=error, title=name)
    for text in (replies.attached(one), replies.detached(one)):
        assert len(text) <= 2000
        assert text.startswith(MARKS)
        # Nothing was cut in the middle: spans are closed, and each reason has its line.
        assert text.count("`") % 2 == 0
        assert text.count("\nLeft out: ") == len(set(reasons))
        outside = "".join(text.split("`")[::2])
        assert "@everyone" not in outside.replace("\\@everyone", "")
        assert "](http" not in outside


def test_all_at_once_at_its_longest() -> None:
    people = [Assignee("x" * 4000, SNOWFLAKE, unit(1, "-" * 4000), False) for _ in range(50)]
    others = [left_out("y" * 4000, one) for one in islice(cycle(Reason), 50)]
    text = replies.attached(outcome(*people, *others, title="-" * 4000))
    assert len(text) <= 2000
    assert text.count("\nLeft out: ") == len(Reason)
    assert text.count(" more") == len(Reason) + 2


LINK = Link(1, 7, "steam:1", 9, datetime(2026, 1, 1, tzinfo=UTC))
OLDER = Link(1, 7, "license:old", 7, datetime(2025, 1, 1, tzinfo=UTC))
LONG = Link(1, SNOWFLAKE, "`" * 200, SNOWFLAKE, datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("linked", "parts"),
    [
        (Linked(LINK, None, "pat", None), ["✅ <@7> is now linked to `steam:1`.", "`pat`"]),
        (Linked(LINK, OLDER, "pat", None), ["✅ ", "Before, it was `license:old`."]),
        (Linked(LINK, None, None, None), ["⚠️ <@7> is now linked", "does not know this id yet"]),
        (
            Linked(LINK, None, None, CadUnreachable("Connection refused")),
            ["⚠️ <@7> is now linked", "could not be asked", "`Connection refused`"],
        ),
        (Linked(LONG, LONG, "x" * 4000, None), ["✅ "]),
    ],
)
def test_linked(linked, parts) -> None:
    text = replies.linked(linked)
    assert text.startswith(parts[0])
    for part in parts:
        assert part in text
    assert len(text) <= 2000


def test_the_same_id_again_replaces_nothing() -> None:
    assert "Before" not in replies.linked(Linked(LINK, LINK, "pat", None))


def test_unlinked() -> None:
    assert replies.unlinked(7, LINK) == "✅ <@7> is no longer linked to `steam:1`."
    assert replies.unlinked(7, None).startswith("❌ <@7> was not linked.")


def test_whois() -> None:
    said = "✅ <@7> is `steam:1`, set by <@9> <t:1767225600:R>."
    assert replies.whois(7, LINK) == replies.owners("steam:1", [LINK]) == said
    assert replies.whois(7, None) == "❌ <@7> is not linked."
    assert replies.owners(HOSTILE, []).startswith("❌ Nobody is linked to `ˋ@everyoneˋ")


@pytest.mark.parametrize(("number", "count", "total"), [(1, 1, 2), (3, 3, 60)])
def test_pages(number, count, total) -> None:
    text = replies.link_page(LinkPage([LINK, LONG], number, count, total))
    assert text.splitlines()[:2] == [
        f"✅ {total} linked · page {number} of {count}",
        "<@7> `steam:1`",
    ]


def test_nobody_is_linked() -> None:
    assert replies.link_page(LinkPage([], 1, 1, 0)).startswith("✅ Nobody is linked yet.")


def test_lists_of_links_fit() -> None:
    assert len(replies.link_page(LinkPage([LONG] * 20, 1, 1, 20))) <= 2000
    everyone = replies.owners("x" * 6000, [LONG] * 50)
    assert len(everyone) <= 2000
    assert everyone.splitlines()[10:] == ["and 40 more."]
