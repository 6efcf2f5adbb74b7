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
    """

    template_id: str
    name: str
    fields: Mapping[str, str] = field(default_factory=dict, hash=False)
    statuses: Mapping[str, str] = field(default_factory=dict, hash=False)
