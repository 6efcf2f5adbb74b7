"""Verifies ids: asks the CAD which spelling of an id it knows, and whose account it is.

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
from bot.common.account_id import account_of
from bot.common.clock import Clock
from bot.common.steam_id import identity
from bot.services.cad_accounts import id_of
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

_SAMPLE_SIZE = 50  # verified ids from which the id format of the community is detected


@dataclass(frozen=True, slots=True)
class Verification:
    """What the CAD said about an id.

    Attributes:
        api_id: in the spelling that the CAD knows; the stored spelling if it knows none.
        account_name, account_uuid: the account; None if the CAD does not say.
        is_verified: whether the CAD knows the id.
        is_complete: False if the time ran out or the CAD did not answer.
        error: the CAD's last error, None without one.
        replaced_id: the id before, if the CAD has linked the member to another id.
        is_own: whether the CAD has linked the member's Discord to the account.
    """

    api_id: str
    account_name: str | None = None
    account_uuid: str | None = None
    is_verified: bool = False
    is_complete: bool = True
    error: CadError | None = None
    replaced_id: str | None = None
    is_own: bool = False

    @property
    def blocking_error(self) -> CadError | None:
        """The error that stopped all queries; None if only this id was rejected."""
        return None if self.is_complete else self.error


class LinkVerifier:
    """Verifies links with at most `MAX_QUERIES` queries per id; never raises a CadError.

    Args:
        id_format: how a Steam id is written for the CAD, the setting `API_ID_FORMAT`.
        server_id: the CAD server that receives the queries.
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
        """Return the link to store before the CAD is asked.

        Args:
            given: the new link, with the id as it was pasted.
            known: the member's present link; if it has the same id, its verification is kept.

        Raises:
            InvalidApiId, StorageError.
        """
        api_id = parse_api_id(given.api_id, self._id_format)
        if known and known.proven_at and identity(known.api_id) == identity(api_id):
            kept = replace(known, set_by=given.set_by, set_at=given.set_at, source=given.source)
            return replace(given, api_id=known.api_id) if known.other_account else kept
        # An id with a prefix is already in the spelling that the user wants.
        if ":" not in api_id:
            api_id = steam_id.spellings(api_id, *await self._id_formats(given.guild_id))[0]
        return replace(given, api_id=api_id)

    async def verify(self, link: Link, pasted: str) -> tuple[Link, Verification]:
        """Verify a link that was just stored, while a user waits; store the result.

        Returns the link as it is stored afterwards, and the verification.
        """
        budget = QueryBudget(self._interactive_pacer, self._clock.monotonic() + TIME_LIMIT)
        # The user has set the id again, so the account that it had before does not matter.
        unverified = replace(link, account_name=None, account_uuid=None, other_account=None)
        spellings = steam_id.spellings(pasted, *await self._id_formats(link.guild_id))
        verification = await self._query_cad(unverified, (*spellings, link.api_id), budget)
        after = (
            apply_verification(unverified, verification, self._clock.now())
            if verification.is_complete
            else link
        )
        return await self.save(link, after), verification

    async def verify_unsaved(self, link: Link) -> Verification:
        """Verify a link that is not stored, while a user waits."""
        budget = QueryBudget(self._interactive_pacer, self._clock.monotonic() + TIME_LIMIT)
        spellings = steam_id.spellings(link.api_id, *await self._id_formats(link.guild_id))
        return await self._query_cad(link, spellings, budget)

    async def reverify(self, link: Link) -> Verification:
        """Verify a stored link in the background, at a slow pace; store nothing."""
        budget = QueryBudget(self._background_pacer)
        formats = await self._id_formats(link.guild_id)
        spellings = steam_id.spellings(link.api_id, *formats)
        # The stored spelling is tried first, unless a different format was detected.
        is_detected = len(formats) > 1 and not link.proven_at
        first = spellings[:1] if is_detected else ()
        return await self._query_cad(link, (*first, link.api_id, *spellings), budget)

    async def from_event(self, link: Link, api_id: str, account_uuid: str) -> Verification:
        """Return the verification that a push event reported; query the account's name."""
        account = Account(account_uuid, "", api_id)
        try:
            full = await self._cad.get_full_account(self._server_id, account)
        except CadError:
            full = None
        return _verified(link, (full and full.username) or "", account_uuid, api_id)

    async def save(self, before: Link, after: Link) -> Link:
        """Store a changed link; return the link that is valid afterwards."""
        if after == before or await self._verifications.save(before, after):
            return after
        return before

    async def _id_formats(self, guild_id: int) -> tuple[str, ...]:
        """Return the id formats to try: the one detected from verified ids, then the setting."""
        latest = await self._verifications.latest_spellings(guild_id, _SAMPLE_SIZE)
        detected = steam_id.detect_format(latest)
        return (detected, self._id_format) if detected else (self._id_format,)

    async def _query_cad(
        self, link: Link, spellings: Sequence[str], budget: QueryBudget
    ) -> Verification:
        """Query the member's own account, and the spellings one after the other.

        While a user waits, the account comes first, because its id is certain. In the
        background it comes last, because account queries have the lowest rate limit.
        """
        try:
            if not budget.is_background and (
                verification := await self._query_own_account(link, budget)
            ):
                return verification
            rejection: CadError | None = None
            for api_id in dict.fromkeys(spellings):
                if not await budget.acquire(is_account=bool(account_of(api_id))):
                    break
                try:
                    found = await self._find_account(api_id)
                except CadError as error:
                    if error.affects_all_requests:
                        raise
                    rejection = error
                    continue
                if found:
                    return await self._with_account_name(link, found, budget)
            if budget.is_background and (
                verification := await self._query_own_account(link, budget)
            ):
                return verification
        except CadError as error:
            return Verification(link.api_id, is_complete=False, error=error)
        return Verification(link.api_id, is_complete=not budget.timed_out, error=rejection)

    async def _find_account(self, api_id: str) -> Account | None:
        """Return the account that has an id in exactly this spelling, or that the id names."""
        if not (uuid := account_of(api_id)):
            return await self._cad.check_api_id(self._server_id, api_id)
        account = await self._cad.get_full_account(self._server_id, Account(uuid, "", ""))
        return account and replace(account, api_id=api_id)

    async def _query_own_account(self, link: Link, budget: QueryBudget) -> Verification | None:
        """Query the account that the member has linked in the CAD; None if the CAD knows none."""
        if not self._cad.has_discord_links or not await budget.acquire(is_account=True):
            return None
        try:
            account = await self._cad.get_account_by_discord_id(link.discord_id)
        except CadError as error:
            # Queries for spellings have a rate limit of their own.
            if error.affects_all_requests and not isinstance(error, CadRateLimited):
                raise
            return None
        if account is None:
            return None
        found = _verified(link, account.username, account.uuid, id_of(account))
        return replace(found, is_own=True)

    async def _with_account_name(
        self, link: Link, found: Account, budget: QueryBudget
    ) -> Verification:
        """Return the verification with the account's name; query it unless it is known."""
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
    """Return the link with the result of a verification.

    If the id belongs to another account than before, the old verification stays and
    `other_account` is set: staff must decide.
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
    # API 1 gives names only.
    both_named = link.account_name and verification.account_name
    return bool(both_named) and link.account_name != verification.account_name


def _verified(link: Link, name: str, uuid: str, api_id: str) -> Verification:
    is_other = identity(api_id) != identity(link.api_id)
    return Verification(
        api_id, name or None, uuid or None, True, replaced_id=link.api_id if is_other else None
    )
