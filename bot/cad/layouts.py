"""The layouts that a community has made for its dispatch calls.

Source: docs/sonoran-cad.md, "Call layouts".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Layout:
    """A layout of dispatch calls.

    Attributes:
        template_id: as `Call.template` names it.
        fields: what the community calls each field, by the field's id.
        statuses: what the community calls each status, by the status's id.
        bindings: the ids of the fields that stand for a field of the call itself, by its name in
            the CAD in lower case, such as "address".
    """

    template_id: str
    name: str
    fields: Mapping[str, str] = field(default_factory=dict, hash=False)
    statuses: Mapping[str, str] = field(default_factory=dict, hash=False)
    bindings: Mapping[str, str] = field(default_factory=dict, hash=False)

    def field_label(self, uid: str) -> str:
        """Return what the community calls a field; its id as words if that is not known."""
        return self.fields.get(uid) or _as_words(uid)

    def status_label(self, status_id: str) -> str:
        """Return what the community calls a status; its id as words if that is not known."""
        return self.statuses.get(status_id) or _as_words(status_id)


def _as_words(name: str) -> str:
    """Return an id as words: "Caller name" for "caller_name"."""
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:] or name
