"""Reads typed fields of a request object; a wrong type raises `CadRefusal`."""

from __future__ import annotations

from typing import cast

from sandbox.cad.state.models import CadRefusal, Json

# Not documented: the real CAD may accept more. This one is strict, so that mistakes show.
INVALID_DATA = "INVALID DATA"


def text(data: Json, name: str, default: str | None = None) -> str:
    """Read a string; it is required if there is no default."""
    return cast("str", _read(data, name, str, default))


def number(data: Json, name: str, default: int | None = None) -> int:
    """Read an integer; it is required if there is no default."""
    return cast("int", _read(data, name, int, default))


def flag(data: Json, name: str, *, default: bool) -> bool:
    """Read a boolean."""
    return cast("bool", _read(data, name, bool, default))


def texts(data: Json, name: str) -> tuple[str, ...]:
    """Read an array of strings; empty if it is absent."""
    return tuple(cast("list[str]", _array(data, name, str)))


def numbers(data: Json, name: str) -> tuple[int, ...]:
    """Read an array of integers; empty if it is absent."""
    return tuple(cast("list[int]", _array(data, name, int)))


def mapping(data: Json, name: str) -> dict[str, str]:
    """Read an object and convert its values to strings, as the CAD does for meta data."""
    found = cast("Json", _read(data, name, dict, {}))
    return {key: str(value) for key, value in found.items()}


def _read(data: Json, name: str, kind: type, default: object) -> object:
    value = data.get(name, default)
    # `type` and not isinstance: in Python, True is an int.
    if type(value) is not kind:
        raise CadRefusal(400, f"{INVALID_DATA}: {name}")
    return value


def _array(data: Json, name: str, kind: type) -> list[object]:
    value = data.get(name, [])
    if not isinstance(value, list) or any(type(entry) is not kind for entry in value):
        raise CadRefusal(400, f"{INVALID_DATA}: {name}")
    return value
