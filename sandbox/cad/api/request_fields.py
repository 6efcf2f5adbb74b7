"""Read typed fields out of a request object; a wrong type is a refusal, not a crash."""

from __future__ import annotations

from typing import cast

from sandbox.cad.state.models import CadRefusal, Json

# Undocumented: the real CAD may guess instead. Strict here, so that mistakes show.
INVALID_DATA = "INVALID DATA"


def text(data: Json, name: str, default: str | None = None) -> str:
    """Read a string; one without a default is required."""
    return cast("str", _read(data, name, str, default))


def number(data: Json, name: str, default: int | None = None) -> int:
    """Read an integer; one without a default is required."""
    return cast("int", _read(data, name, int, default))


def flag(data: Json, name: str, *, default: bool) -> bool:
    """Read a boolean."""
    return cast("bool", _read(data, name, bool, default))


def texts(data: Json, name: str) -> tuple[str, ...]:
    """Read an array of strings, empty when absent."""
    return tuple(cast("list[str]", _array(data, name, str)))


def numbers(data: Json, name: str) -> tuple[int, ...]:
    """Read an array of integers, empty when absent."""
    return tuple(cast("list[int]", _array(data, name, int)))


def mapping(data: Json, name: str) -> dict[str, str]:
    """Read an object whose values become strings, as the CAD keeps meta data."""
    found = cast("Json", _read(data, name, dict, {}))
    return {key: str(value) for key, value in found.items()}


def _read(data: Json, name: str, kind: type, default: object) -> object:
    value = data.get(name, default)
    # `type` and not isinstance: to Python, true is an int.
    if type(value) is not kind:
        raise CadRefusal(400, f"{INVALID_DATA}: {name}")
    return value


def _array(data: Json, name: str, kind: type) -> list[object]:
    value = data.get(name, [])
    if not isinstance(value, list) or any(type(entry) is not kind for entry in value):
        raise CadRefusal(400, f"{INVALID_DATA}: {name}")
    return value
