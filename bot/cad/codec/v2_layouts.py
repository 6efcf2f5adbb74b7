"""The v2 API's layouts of dispatch calls. Pure.

Reference: docs/sonoran-cad.md, "Call layouts".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bot.cad.codec import v2
from bot.cad.errors import CadUnreadable
from bot.cad.http import wire
from bot.cad.http.wire import Credentials, Request, Response
from bot.cad.layouts import Layout
from bot.cad.values import str_or_empty, to_text


def get_layouts(credentials: Credentials) -> Request:
    """Build a request for all layouts of the community."""
    return v2.build_get(credentials, v2.LAYOUTS, "/v2/emergency/dispatch-templates")


def read_layouts(response: Response) -> tuple[Layout, ...]:
    """Read the answer to `get_layouts`; a malformed layout or field is left out."""
    data = wire.read_json(v2.check(response))
    if not isinstance(data, list):
        raise CadUnreadable("the answer holds no layouts")
    return tuple(_layout(raw) for raw in _objects(data) if to_text(raw.get("templateid")))


def _layout(raw: Mapping[str, Any]) -> Layout:
    fields = [
        one for section in _objects(raw.get("sections")) for one in _objects(section.get("fields"))
    ]
    return Layout(
        to_text(raw.get("templateid")),
        str_or_empty(raw.get("name")),
        _labels(fields, "uid"),
        _labels(_objects(raw.get("statusoptions")), "id"),
    )


def _labels(
    entries: Iterator[Mapping[str, Any]] | list[Mapping[str, Any]], key: str
) -> dict[str, str]:
    found = {to_text(one.get(key)): str_or_empty(one.get("label")) for one in entries}
    return {name: label for name, label in found.items() if name and label}


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []
