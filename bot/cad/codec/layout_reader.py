"""Reads a layout of dispatch calls, from the list of layouts and from a call. Pure.

Reference: docs/sonoran-cad.md, "Call layouts".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.cad.layouts import Layout
from bot.cad.values import str_or_empty, to_text


def read_layout(raw: Mapping[str, Any]) -> Layout:
    """Read a layout; a malformed field is left out, and what is missing is empty."""
    fields = [
        one for section in _objects(raw.get("sections")) for one in _objects(section.get("fields"))
    ]
    bindings = _texts(fields, "binding", "uid")
    return Layout(
        to_text(raw.get("templateid", raw.get("id"))),
        str_or_empty(raw.get("name")),
        _texts(fields, "uid", "label"),
        _texts(_objects(raw.get("statusoptions")), "id", "label"),
        {binding.lower(): uid for binding, uid in bindings.items()},
    )


def _texts(entries: Sequence[Mapping[str, Any]], key: str, value: str) -> dict[str, str]:
    found = {to_text(one.get(key)): str_or_empty(one.get(value)) for one in entries}
    return {name: text for name, text in found.items() if name and text}


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []
