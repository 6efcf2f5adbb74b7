"""Converts a whole command in a text to the action that the preview's page sends. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

Json = dict[str, Any]


def parse_command(text: str, catalog: Iterable[Json]) -> Json | None:
    """Parse a pasted command and return the page's action for it.

    Args:
        text: such as `/attach call:100 units:A-12`.
        catalog: the commands that the page offers.

    Returns:
        None if the text is none of these commands.
    """
    for entry in catalog:
        invocation = re.escape(str(entry["invocation"]))
        if found := re.fullmatch(rf"/{invocation}(?:\s+(?P<options>.*))?", text.strip(), re.DOTALL):
            return {
                "kind": "run_command",
                "command_id": entry["commandId"],
                "path": entry["path"],
                "schema_fingerprint": entry["schemaFingerprint"],
                "options": _options(found["options"] or "", entry["options"]),
            }
    return None


def _options(text: str, known: Iterable[Json]) -> dict[str, str]:
    """Split `call:100 units:A-12 A-7` where the name of an option begins."""
    types = {str(option["name"]): option["type"] for option in known}
    if not types:
        return {}
    names = "|".join(map(re.escape, types))
    parts = re.split(rf"(?:^|\s)({names}):", text)[1:]
    options = dict(zip(parts[::2], map(str.strip, parts[1::2]), strict=True))
    # Discord sends a member as a mention inside a text, and as a bare id in a member option.
    return {
        name: value if types[name] == "string" else value.strip("<@>")
        for name, value in options.items()
    }
