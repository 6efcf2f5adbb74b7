"""Reads the JSON objects that clients send."""

from __future__ import annotations

import json

from sandbox.cad.state.models import Json


def read_object(text: str | bytes) -> Json:
    """Return the object that a text holds; an empty one if it holds none."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
