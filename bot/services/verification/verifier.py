"""Proves ids: asks the CAD which spelling it knows, and whose account that is.

Reference: docs/sonoran-cad.md, "Who is who".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.cad.client import CadClient
from bot.cad.errors import CadError, CadRateLimited
from bot.cad.models import Account
from bot.common import steam_id
from bot.common.clock import Clock
from bot.common.steam_id import identity
from bot.services.pasted_api_id import parse_api_id
from bot.services.verification.pacing import (
    ACCOUNT_GAP,
    ID_GAP,
    INTERACTIVE_GAP,
    TIME_LIMIT,
    Pacer,
    QueryBudget,
)
from bot.storage.stores.link_row import Link, LinkSource
from bot.storage.stores.verification_store import VerificationStore

_SAMPLE_SIZE = 50  # proven ids that are looked at for the format that this community uses


@dataclass(frozen=True, slots=True)
class Verification:
    """What the CAD said about an id.

    Attributes:
        api_id: as the CAD spells it; the best guess where it knows no spelling.
        account_name, account_uuid: whose it is; None as far as the CAD does not say.
        is_proven: whether the CAD knows it.
        is_complete: whether there was time for all questions, and the CAD answered.
        error: why the CAD could not be asked.
        instead_of: the id that was given, where the CAD names another one as this person's own.
    """

    api_id: str
    account_name: str | None = None
    account_uuid: str | None = None
    is_verified: bool = False
    is_complete: bool = True
    error: CadError | None = None
    replaced_id: str | None = None

    @property
    def blocking_error(self) -> CadError | None:
        """The fault that kept the CAD from being asked; None where only this id was refused."""
        return None if self.is_complete else self.error


class LinkVerifier:
    """Asks at most `MOST_QUESTIONS` questions about one id; never raises a CadError.

    Args:
        id_format: how a Steam id is written for the CAD, `API_ID_FORMAT`.
        server_id: the CAD server that is asked about ids.
    """

    def __init__(
        self,
        cad: CadClient,
        verifications: VerificationStore,
        *,
        id_format: str,
        server_id: int,
        clock: Clock,
    ) -> None:
        self._cad = cad
        self._verifications = verifications
        self._id_format = id_format
        self._server_id = server_id
        self._clock = clock
        self._background_pacer = Pacer(clock, id_gap=ID_GAP, account_gap=ACCOUNT_GAP)
        self._interactive_pacer = Pacer(clock, id_gap=INTERACTIVE_GAP, account_gap=INTERACTIVE_GAP)

    async def prepare(self, given: Link, known: Link | None) -> Link:
        """Return the link that is stored until the CAD has been asked, and if it knows no spelling.

        Args:
            given: with the id as it was pasted.
            known: the person's link so far; the proof of the same id stays.

        Raises:
            NotAnApiId, StorageError.
        """
        api_id = parse_api_id(given.api_id, self._id_format)
        if known and known.proven_at and identity(known.api_id) == identity(api_id):
            kept = replace(known, set_by=given.set_by, set_at=given.set_at, source=given.source)
            return replace(given, api_id=known.api_id) if known.other_account else kept
        # What carries a prefix was written so on purpose.
        if ":" not in api_id:
            api_id = steam_id.spellings(api_id, *await self._id_formats())[0]
        return replace(given, api_id=api_id)

    async def verify(self, link: Link, pasted: str) -> tuple[Link, Verification]:
        """Prove a link that has just been stored, for somebody who waits; store what is found."""
        questions = QueryBudget(self._interactive_pacer, self._clock.monotonic() + TIME_LIMIT)
        # Whoever gives an id anew means it: which account it had before does not matter.
        fresh = replace(link, account_name=None, account_uuid=None, other_account=None)
        spellings = steam_id.spellings(pasted, *await self._id_formats())
        proof = await self._query_cad(fresh, (*spellings, link.api_id), questions)
        after = apply_verification(fresh, proof, self._clock.now()) if proof.is_complete else link
        return await self.save(link, after), proof

    async def verify_unsaved(self, link: Link) -> Verification:
        """Ask about a link that is not stored, for somebody who waits."""
        questions = QueryBudget(self._interactive_pacer, self._clock.monotonic() + TIME_LIMIT)
        spellings = steam_id.spellings(link.api_id, *await self._id_formats())
        return await self._query_cad(link, spellings, questions)

    async def reverify(self, link: Link) -> Verification:
        """Ask about a stored link, without haste: orders and people go first."""
        questions = QueryBudget(self._background_pacer)
        formats = await self._id_formats()
        spellings = steam_id.spellings(link.api_id, *formats)
        # What is stored is the likeliest, unless the community is known to write ids otherwise.
        is_learned = len(formats) > 1 and not link.proven_at
        first = spellings[:1] if is_learned else ()
        return await self._query_cad(link, (*first, link.api_id, *spellings), questions)

    async def from_event(self, link: Link, api_id: str, account_uuid: str) -> Verification:
        """Return the proof that the CAD has given by itself; the account's name is asked for."""
        account = Account(account_uuid, "", api_id)
        try:
            full = await self._cad.get_full_account(self._server_id, account)
        except CadError:
            full = None
        return _verified(link, (full and full.username) or "", account_uuid, api_id)

    async def save(self, before: Link, after: Link) -> Link:
        """Store what has become of a link; return it as it is known now."""
        if after == before or await self._verifications.save(before, after):
            return after
        return before

    async def _id_formats(self) -> tuple[str, ...]:
        """Return how this community writes ids, as learned where enough are proven, then as set."""
        learned = steam_id.detect_format(await self._verifications.latest_spellings(_SAMPLE_SIZE))
        return (learned, self._id_format) if learned else (self._id_format,)

    async def _query_cad(
        self, link: Link, spellings: Sequence[str], budget: QueryBudget
    ) -> Verification:
        """Ask who the person is where the CAD tells that, and for one spelling after the other.

        Where somebody waits, the person comes first: what the CAD says of them is the truth. In
        the background, they come last: accounts are the scarcest of questions.
        """
        try:
            if not budget.is_background and (proof := await self._query_own_account(link, budget)):
                return proof
            refusal: CadError | None = None
            for api_id in dict.fromkeys(spellings):
                if not await budget.acquire():
                    break
                try:
                    found = await self._cad.check_api_id(self._server_id, api_id)
                except CadError as error:
                    if error.affects_all_requests:
                        raise
                    refusal = error
                    continue
                if found:
                    return await self._with_account_name(link, found, budget)
            if budget.is_background and (proof := await self._query_own_account(link, budget)):
                return proof
        except CadError as error:
            return Verification(link.api_id, is_complete=False, error=error)
        return Verification(link.api_id, is_complete=not budget.timed_out, error=refusal)

    async def _query_own_account(self, link: Link, budget: QueryBudget) -> Verification | None:
        """Ask which account the person has linked in the CAD itself; None if it does not say."""
        if not self._cad.has_discord_links or not await budget.acquire(is_account=True):
            return None
        try:
            account = await self._cad.get_account_by_discord_id(link.discord_id)
        except CadError as error:
            # Spellings have a limit of their own.
            if error.affects_all_requests and not isinstance(error, CadRateLimited):
                raise
            return None
        if account is None or not account.api_id:
            return None
        return _verified(link, account.username, account.uuid, account.api_id)

    async def _with_account_name(
        self, link: Link, found: Account, budget: QueryBudget
    ) -> Verification:
        """Ask for the name of an account, unless it is known; the id is proven without it."""
        name, api_id = found.username, found.api_id
        if not name and link.account_name and found.uuid == link.account_uuid:
            name = link.account_name
        if not name and await budget.acquire(is_account=True):
            try:
                full = await self._cad.get_full_account(self._server_id, found)
            except CadError:
                full = None
            if full:
                name = full.username
                is_same = identity(full.api_id) == identity(api_id)
                api_id = full.api_id if is_same else api_id
        return _verified(link, name, found.uuid, api_id)


def apply_verification(link: Link, verification: Verification, now: datetime) -> Link:
    """Return what a link becomes by what the CAD said about it.

    One that belongs to another account than before keeps its old proof: somebody has to look.
    """
    if not verification.is_verified:
        if not verification.is_complete:
            return link
        return replace(link, proven_at=None, checked_at=now, other_account=None)
    if _is_other_account(link, verification):
        other = verification.account_name or verification.account_uuid
        return replace(link, checked_at=now, other_account=other)
    after = replace(
        link,
        api_id=verification.api_id,
        account_name=verification.account_name or link.account_name,
        account_uuid=verification.account_uuid or link.account_uuid,
        proven_at=now,
        checked_at=now,
        other_account=None,
    )
    return replace(after, source=LinkSource.CAD, set_by=0) if verification.replaced_id else after


def _is_other_account(link: Link, verification: Verification) -> bool:
    if link.account_uuid and verification.account_uuid:
        return link.account_uuid != verification.account_uuid
    # v1 tells names alone.
    both_named = link.account_name and verification.account_name
    return bool(both_named) and link.account_name != verification.account_name


def _verified(link: Link, name: str, uuid: str, api_id: str) -> Verification:
    is_other = identity(api_id) != identity(link.api_id)
    return Verification(
        api_id, name or None, uuid or None, True, replaced_id=link.api_id if is_other else None
    )
