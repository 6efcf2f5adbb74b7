"""The answers to an import and an export of links."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from discord import File
from discord.ui import View

from bot.services.link_files.import_diff import ImportDiff, compute_diff
from bot.services.link_files.import_export import ExportResult, ImportPreview, ImportResult
from bot.services.link_files.rows import LineError, LineErrorKind, ParsedFile, Row
from bot.storage.stores.link_store import ImportCounts
from bot.ui.link_files import import_preview
from bot.ui.link_files.import_report import changes, report

HOSTILE = "`@here`**x**[a](https://b.example)"
TOKEN = "0123456789abcdef"
LARGEST_ID = 2**63 - 1


def plan_of(
    *ids: tuple[int, str],
    before: dict[int, str] | None = None,
    faults: int = 0,
    unit: str = "line",
    proven: frozenset[int] = frozenset(),
) -> ImportDiff:
    rows = tuple(Row(line, *one) for line, one in enumerate(ids, 2))
    bad = tuple(
        LineError(100 + number, HOSTILE, LineErrorKind.BAD_API_ID, record_kind=unit)
        for number in range(faults)
    )
    return compute_diff(ParsedFile(rows, bad, unit), before or {}, proven)


@dataclass
class Reply:
    text: str
    view: View | None
    file: File | None


def shown(found: ImportDiff, name: str = "people.csv") -> Reply:
    preview = ImportPreview(name, found, TOKEN if found.rows else None)
    return Reply(
        import_preview.preview_text(preview),
        import_preview.preview_buttons(preview),
        import_preview.preview_file(preview),
    )


def label(reply: Reply) -> str:
    assert reply.view is not None
    (button,) = reply.view.children
    assert isinstance(button, import_preview.ImportButton)
    assert button.item.custom_id == f"cad:import:{TOKEN}"
    return str(button.item.label)


def attached(reply: Reply) -> list[str]:
    assert reply.file is not None
    return reply.file.fp.read().decode().splitlines()


def test_everything_is_said() -> None:
    found = plan_of((7, "new"), (8, "other"), (9, "same"), before={8: "old", 9: "same"})
    reply = shown(found)
    title, *lines = reply.text.splitlines()
    assert title == (
        "⏳ `people.csv`: 1 new, 1 changed, 1 unchanged. Nothing is saved yet: press the button to"
        " import."
    )
    assert lines == [
        "**Changed**",
        "line 3: <@8> `old` → `other`",
        "**New**",
        "line 2: <@7> `new`",
    ]
    assert label(reply) == "Import 2 links"
    assert reply.file is None


def test_what_is_refused_and_shared() -> None:
    reply = shown(plan_of((7, "a"), before={8: "A"}, faults=1))
    lines = reply.text.splitlines()
    assert lines[0] == (
        "⚠️ `people.csv`: 1 new, 0 changed, 0 unchanged, 1 with errors. Nothing is saved yet: press"
        " the button to import."
    )
    assert lines[1] == "**Errors**"
    assert lines[2].startswith("line 100\\: the API id '\\`\\@here\\`\\*\\*x\\*\\*\\[a\\]")
    assert lines[3:] == [
        "**Shared ids**",
        "line 2: <@7> `a` is also <@8>",
        "**New**",
        "line 2: <@7> `a`",
    ]
    assert label(reply) == "Import 1 link (1 shared id)"


@pytest.mark.parametrize(
    ("before", "faults", "words"),
    [
        ({}, 0, "Import 1 link"),
        ({8: "a"}, 0, "Import 1 link (1 shared id)"),
        ({}, 1, "Import 1 link"),
    ],
)
def test_the_button_says_what_it_does(before: dict[int, str], faults: int, words: str) -> None:
    assert label(shown(plan_of((7, "a"), before=before, faults=faults))) == words


@pytest.mark.parametrize(
    ("ids", "words"),
    [
        (((7, "a"),), ["Import 1 link, replace 1 confirmed id"]),
        (((7, "a"), (8, "b")), ["Import 1 link", "Import 2 links, replace 1 confirmed id"]),
        (
            ((7, "c"), (8, "c")),
            [
                "Import 1 link (1 shared id)",
                "Import 2 links (2 shared ids), replace 1 confirmed id",
            ],
        ),
    ],
)
def test_a_confirmed_id_has_a_button_of_its_own(
    ids: tuple[tuple[int, str], ...], words: list[str]
) -> None:
    found = plan_of(*ids, before={7: "x"}, proven=frozenset({7}))
    reply = shown(found)
    assert reply.text.startswith("⚠️ ")
    assert f"{import_preview._REPLACED}**\nline 2: <@7> `x` → `{ids[0][1]}`" in reply.text
    assert "**Changed**" not in reply.text
    assert list(report(found))[-4 if len(ids) == 1 else -5 :][0].startswith("replaced, although")
    assert reply.view is not None
    buttons = reply.view.children
    assert all(isinstance(one, import_preview.ImportButton) for one in buttons)
    assert [one.item.label for one in buttons] == words  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("faults", "start"),
    [
        (0, "✅ `people.csv` has nothing to import: 0 new, 0 changed, 1 unchanged."),
        (1, "❌ `people.csv` has nothing to import: 0 new, 0 changed, 1 unchanged, 1 with err"),
    ],
)
def test_nothing_to_do(faults: int, start: str) -> None:
    reply = shown(plan_of((7, "a"), before={7: "a"}, faults=faults))
    assert reply.text.startswith(start)
    assert reply.view is None


def test_what_does_not_fit_is_attached() -> None:
    ids = [(LARGEST_ID - n, f"x:{n}" + "`" * 190) for n in range(3000)]
    known = {discord_id: "`" * 200 for discord_id, _ in ids[:1000]}
    found = plan_of(*ids, (1, "x"), before={**known, 2: "x"}, faults=2000)
    reply = shown(found, name="`" * 300 + ".csv")
    assert len(reply.text) <= 2000
    assert "The attached file has more." in reply.text.splitlines()[0]
    assert reply.text.splitlines()[1] == "**Errors**"
    assert "and 1,995 more" in reply.text
    assert reply.text.count("`") % 2 == 0
    lines = attached(reply)
    assert len(lines) == 2000 + 3001 + 1 + 5
    assert lines == list(report(found))


def test_a_report_is_no_larger_than_discord_takes() -> None:
    # Two mebibytes hold that many lines; all members would share one id.
    found = plan_of(*((LARGEST_ID - n, "a") for n in range(50_000)))
    assert sum(map(len, report(found))) > 6_000_000
    lines = attached(shown(found))
    assert 4_100_000 < sum(map(len, lines)) < 4_200_000
    assert lines[-1] == "… and so on; this file was getting too long."


def test_six_of_a_kind_are_one_too_many() -> None:
    assert shown(plan_of(*((n, f"x:{n}") for n in range(1, 6)))).file is None
    reply = shown(plan_of(*((n, f"x:{n}") for n in range(1, 7))))
    assert "and 1 more" in reply.text
    assert "line 7: 6 x:6" in "\n".join(attached(reply))


def test_a_whole_report() -> None:
    found = plan_of(
        (7, "a"),
        (8, "b"),
        (9, "c"),
        before={8: "o\u202eld\n", 9: "c", 10: "a"},
        faults=1,
        unit="entry",
    )
    assert list(report(found)) == [
        "refused: 1",
        f"  entry 100: the API id {HOSTILE!r} has spaces or invisible characters in it",
        "shared: 1",
        "  entry 2: 7 a, which is also the id of 10",
        *changes(found),
    ]
    assert list(changes(found)) == [
        "changed: 1",
        "  entry 3: 8 b, was o?ld?",
        "added: 1",
        "  entry 2: 7 a",
        "unchanged: 1",
    ]


def test_what_was_written() -> None:
    counts = ImportCounts(49_000, 2, 1)
    assert import_preview.import_result(ImportResult(counts, 0)) == (
        "✅ 49,000 added, 2 changed, 1 unchanged."
    )
    assert import_preview.import_result(ImportResult(counts, 3)) == (
        "⚠️ 49,000 added, 2 changed, 1 unchanged, 3 with errors."
    )


def test_an_export() -> None:
    found = ExportResult(b"discord_id,api_id\n", 0)
    assert (
        import_preview.export_result(found)
        == "✅ 0 links in this file. `/links import` reads it again."
    )
    file = import_preview.export_file(found)
    assert (file.filename, file.fp.read()) == ("links.csv", found.data)
