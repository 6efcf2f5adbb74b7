"""The v2 API's layouts of dispatch calls. Pure.

Reference: docs/sonoran-cad.md, "Call layouts".
"""

from __future__ import annotations

from collections.abc import Mapping

from bot.cad.codec import v2
from bot.cad.codec.layout_reader import read_layout
from bot.cad.errors import CadUnreadable
from bot.cad.http import wire
from bot.cad.http.wire import Credentials, Request, Response
from bot.cad.layouts import Layout


def get_layouts(credentials: Credentials) -> Request:
    """Build a request for all layouts of the community."""
    return v2.build_get(credentials, v2.LAYOUTS, "/v2/emergency/dispatch-templates")


def read_layouts(response: Response) -> tuple[Layout, ...]:
    """Read the answer to `get_layouts`; a malformed layout or field is left out."""
    data = wire.read_json(v2.check(response))
    if not isinstance(data, list):
        raise CadUnreadable("the answer holds no layouts")
    found = (read_layout(raw) for raw in data if isinstance(raw, Mapping))
    return tuple(layout for layout in found if layout.template_id)
