"""Switches for behaviour that the documents leave open, contradict, or have changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, StrEnum


class AttachVariant(Enum):
    """The three documented forms of attach, oldest first: path and type."""

    MAY_2020 = ("/emergency", "ATTACH_UNITS")
    JUNE_2020 = ("/emergency", "ATTACH_UNIT")
    SEPTEMBER_2020 = ("/emergency/attach_unit", "ATTACH_UNIT")


class WrongAddress(StrEnum):
    """The answer to a request at an address, or of an attach variant, that is not served.

    Reference: docs/sonoran-cad.md, "Refusals".
    """

    NOT_FOUND = "404"
    GONE = "410"
    BACKEND_REACHED = "backend service reached"
    WEB_PAGE = "web page"


class SpokenApi(StrEnum):
    """Which of the two APIs the CAD speaks.

    Reference: docs/sonoran-cad.md, "Which API answers".
    """

    V1 = "1"
    V2 = "2"
    BOTH = "both"


class Partial(StrEnum):
    """What a v1 request with several objects does.

    The first two say what happens to the valid objects if another is refused. No document says
    that more than the first is carried out; reference: docs/sonoran-cad.md, "Attach".
    """

    ALL_OR_NOTHING = "all-or-nothing"
    APPLY_GOOD = "apply-good"
    FIRST_ONLY = "first-only"


@dataclass(slots=True)
class Behaviour:
    """The switches; a test may change them at any time."""

    attach_variants: set[AttachVariant] = field(default_factory=lambda: set(AttachVariant))
    spoken_api: SpokenApi = SpokenApi.BOTH
    v2_takes_key: bool = True
    # What a POST to an unknown address gets. The documents say 200 `Backend Service Reached`.
    wrong_address: WrongAddress = WrongAddress.NOT_FOUND
    partial: Partial = Partial.ALL_OR_NOTHING
    refuse_unknown_call: bool = True
    single_call: bool = True  # attaching a unit detaches it from its other call
    strip_prefix: bool = False  # compare API ids without the part before the ':'
    one_target_kind: bool = True  # v2: a request may name its units in one way only
    refuse_unknown_units: bool = False  # v2: a request that matches no unit gets a 404
    rate_limits: bool = False  # v1: 70 requests a minute; v2: the published limits
    sends_retry_after: bool = True  # a 429 carries Retry-After, or the header of this name:
    retry_after_header: str = "Retry-After"
    listed_event_data: bool = False  # push events: `data` is an array of one object
    meta_data_in_911: bool = False  # push events: EVENT_911 has `metaData` inside the call
