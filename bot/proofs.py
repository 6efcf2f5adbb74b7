"""The part of the composition root that proves links."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from bot.cad.client import CadClient
from bot.services.access import Access
from bot.services.checking import CheckAnnouncer, LinkChecks
from bot.services.proving import Prover
from bot.services.reproving import Reproving
from bot.settings import Settings
from bot.storage.checks import CheckStore
from bot.storage.database import Database
from bot.storage.proofs import ProofStore


@dataclass(frozen=True, slots=True)
class Proofs:
    """What proves links.

    Attributes:
        background: goes on by itself between its start and its close.
        open_checks: makes what checks all links, once there is somebody who can tell people.
    """

    prover: Prover
    background: Reproving
    open_checks: Callable[[CheckAnnouncer], LinkChecks]


def build_proofs(
    settings: Settings,
    database: Database,
    cad: CadClient,
    access: Access,
    *,
    clock: Callable[[], float],
    now: Callable[[], datetime],
    sleep: Callable[[float], Awaitable[None]],
) -> Proofs:
    """Build it; nothing is asked yet."""
    store = ProofStore(database)
    prover = Prover(
        cad,
        store,
        id_format=settings.api_id_format,
        server_id=settings.sonoran_server_id,
        clock=clock,
        now=now,
        sleep=sleep,
    )
    checks = CheckStore(database)
    return Proofs(
        prover,
        Reproving(prover, store, now=now, sleep=sleep),
        partial(LinkChecks, access, prover, store, checks, clock=clock, now=now, sleep=sleep),
    )
