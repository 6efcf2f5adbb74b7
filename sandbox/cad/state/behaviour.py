"""How this CAD behaves where the documents are silent, disagree, or changed with the years."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, StrEnum


class AttachVariant(Enum):
    """The three documented forms of attach, oldest first: path and type."""

    MAY_2020 = ("/emergency", "ATTACH_UNITS")
    JUNE_2020 = ("/emergency", "ATTACH_UNIT")
    SEPTEMBER_2020 = ("/emergency/attach_unit", "ATTACH_UNIT")


class Partial(StrEnum):
    """What becomes of the good objects of a request when one of them is refused."""

    ALL_OR_NOTHING = "all-or-nothing"
    APPLY_GOOD = "apply-good"


@dataclass(slots=True)
class Behaviour:
    """Switches that a test may turn at any time."""

    attach_variants: set[AttachVariant] = field(default_factory=lambda: set(AttachVariant))
    partial: Partial = Partial.ALL_OR_NOTHING
    refuse_unknown_call: bool = True
    single_call: bool = True  # attaching takes a unit off the call it was on
    strip_prefix: bool = False  # compare API ids without what stands before their ':'
    one_target_kind: bool = True  # v2: a request may name its units in one way only
    refuse_unknown_units: bool = False  # v2: a request that means no unit at all is a 404
    rate_limits: bool = False  # v1: five requests in five seconds; v2: what is published
    sends_retry_after: bool = True  # a 429 carries Retry-After
    listed_event_data: bool = False  # push events: `data` is an array of one object
