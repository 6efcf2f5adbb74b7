"""A pasted command is parsed as Discord's own client parses it."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox import typed_command


def entry(invocation: str, **options: str) -> dict[str, Any]:
    return {
        "commandId": "7",
        "path": invocation.split(),
        "invocation": invocation,
        "schemaFingerprint": "sf",
        "options": [{"name": name, "type": type_} for name, type_ in options.items()],
    }


CATALOG = [
    entry("attach", call="string", units="string", server="integer"),
    entry("link", steam="string", member="user"),
    entry("links list", page="integer"),
    entry("ping"),
]


@pytest.mark.parametrize(
    ("text", "path", "options"),
    [
        ("/attach call:100 units:<@5> A-7", ["attach"], {"call": "100", "units": "<@5> A-7"}),
        ("  /attach units:A-7\n call:100 ", ["attach"], {"call": "100", "units": "A-7"}),
        ("/link steam:steam:1100 member:<@5>", ["link"], {"steam": "steam:1100", "member": "5"}),
        ("/links list", ["links", "list"], {}),
        ("/ping", ["ping"], {}),
        ("/ping whatever", ["ping"], {}),
    ],
)
def test_a_command(text: str, path: list[str], options: dict[str, str]) -> None:
    read = typed_command.parse_command(text, CATALOG)
    assert read is not None
    assert (read["kind"], read["path"], read["options"]) == ("run_command", path, options)


@pytest.mark.parametrize("text", ["hello", "/unknown", "/links", "/attached", "say /attach", ""])
def test_no_command(text: str) -> None:
    assert typed_command.parse_command(text, CATALOG) is None
