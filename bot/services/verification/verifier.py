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
from bot.common.clock import Clock
from bot.services import steam_id
from bot.services.verification.pacing import (
    ACCOUNT_GAP,
    ID_GAP,
    PATIENCE,
    QUICK_GAP,
    Questions,
    Turns,
)
from bot.storage.id_spelling import identity
from bot.storage.stores.link_row import Link, Source
from bot.storage.stores.verification_store import ProofStore

_REMEMBERED = 50  # proven ids that are looked at for the format that this community uses


@dataclass(frozen=True, slots=True)
class Proof:
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
    is_proven: bool = False
    is_complete: bool = True
    error: CadError | None = None
    instead_of: str | None = None

    @property
    def trouble(self) -> CadError | None:
        """The fault that kept the CAD from being asked; None where only this id was refused."""
        return None if self.is_complete else self.error


class Prover:
    """Asks at most `MOST_QUESTIONS` questions about one id; never raises a CadError.

    Args:
        id_format: how a Steam id is written for the CAD, `API_ID_FORMAT`.
        server_id: the CAD server that is asked about ids.
    """

    def __init__(
        self,
        cad: CadClient,
        proofs: ProofStore,
        *,
        id_format: str,
        server_id: int,
        clock: Clock,
    ) -> None:
        self._cad = cad
        self._proofs = proofs
        self._id_format = id_format
        self._server_id = server_id
        self._clock = clock
        self._calm = Turns(clock, id_gap=ID_GAP, account_gap=ACCOUNT_GAP)
        self._quick = Turns(clock, id_gap=QUICK_GAP, account_gap=QUICK_GAP)

    async def draft(self, given: Link, known: Link | None) -> Link:
        """Return the link that is stored until the CAD has been asked, and if it knows no spelling.

        Args:
            given: with the id as it was pasted.
            known: the person's link so far; the proof of the same id stays.

        Raises:
            NotAnApiId, StorageError.
        """
        api_id = steam_id.api_id(given.api_id, self._id_format)
        if known and known.proven_at and identity(known.api_id) == identity(api_id):
            kept = replace(known, set_by=given.set_by, set_at=given.set_at, source=given.source)
            return replace(given, api_id=known.api_id) if known.other_account else kept
        # What carries a prefix was written so on purpose.
        if ":" not in api_id:
            api_id = steam_id.candidates(api_id, *await self._formats())[0]
        return replace(given, api_id=api_id)

    async def prove(self, link: Link, pasted: str) -> tuple[Link, Proof]:
        """Prove a link that has just been stored, for somebody who waits; store what is found."""
        questions = Questions(self._quick, self._clock.monotonic() + PATIENCE)
        # Whoever gives an id anew means it: which account it had before does not matter.
        fresh = replace(link, account_name=None, account_uuid=None, other_account=None)
        spellings = steam_id.candidates(pasted, *await self._formats())
        proof = await self._asked(fresh, (*spellings, link.api_id), questions)
        after = judged(fresh, proof, self._clock.now()) if proof.is_complete else link
        return await self.keep(link, after), proof

    async def look(self, link: Link) -> Proof:
        """Ask about a link that is not stored, for somebody who waits."""
        questions = Questions(self._quick, self._clock.monotonic() + PATIENCE)
        spellings = steam_id.candidates(link.api_id, *await self._formats())
        return await self._asked(link, spellings, questions)

    async def again(self, link: Link) -> Proof:
        """Ask about a stored link, without haste: orders and people go first."""
        questions = Questions(self._calm)
        formats = await self._formats()
        spellings = steam_id.candidates(link.api_id, *formats)
        # What is stored is the likeliest, unless the community is known to write ids otherwise.
        is_learned = len(formats) > 1 and not link.proven_at
        first = spellings[:1] if is_learned else ()
        return await self._asked(link, (*first, link.api_id, *spellings), questions)

    async def told(self, link: Link, api_id: str, account_uuid: str) -> Proof:
        """Return the proof that the CAD has given by itself; the account's name is asked for."""
        account = Account(account_uuid, "", api_id)
        try:
            full = await self._cad.full_account(self._server_id, account)
        except CadError:
            full = None
        return _proven(link, (full and full.username) or "", account_uuid, api_id)

    async def keep(self, before: Link, after: Link) -> Link:
        """Store what has become of a link; return it as it is known now."""
        if after == before or await self._proofs.save(before, after):
            return after
        return before

    async def _formats(self) -> tuple[str, ...]:
        """Return how this community writes ids, as learned where enough are proven, then as set."""
        learned = steam_id.learned(await self._proofs.latest_spellings(_REMEMBERED))
        return (learned, self._id_format) if learned else (self._id_format,)

    async def _asked(self, link: Link, spellings: Sequence[str], questions: Questions) -> Proof:
        """Ask who the person is where the CAD tells that, and for one spelling after the other.

        Where somebody waits, the person comes first: what the CAD says of them is the truth. In
        the background, they come last: accounts are the scarcest of questions.
        """
        try:
            if not questions.is_calm and (proof := await self._own(link, questions)):
                return proof
            refusal: CadError | None = None
            for api_id in dict.fromkeys(spellings):
                if not await questions.may_ask():
                    break
                try:
                    found = await self._cad.account_behind(self._server_id, api_id)
                except CadError as error:
                    if error.concerns_all:
                        raise
                    refusal = error
                    continue
                if found:
                    return await self._named(link, found, questions)
            if questions.is_calm and (proof := await self._own(link, questions)):
                return proof
        except CadError as error:
            return Proof(link.api_id, is_complete=False, error=error)
        return Proof(link.api_id, is_complete=not questions.is_late, error=refusal)

    async def _own(self, link: Link, questions: Questions) -> Proof | None:
        """Ask which account the person has linked in the CAD itself; None if it does not say."""
        if not self._cad.tells_discord or not await questions.may_ask(is_account=True):
            return None
        try:
            account = await self._cad.account_of(link.discord_id)
        except CadError as error:
            # Spellings have a limit of their own.
            if error.concerns_all and not isinstance(error, CadRateLimited):
                raise
            return None
        if account is None or not account.api_id:
            return None
        return _proven(link, account.username, account.uuid, account.api_id)

    async def _named(self, link: Link, found: Account, questions: Questions) -> Proof:
        """Ask for the name of an account, unless it is known; the id is proven without it."""
        name, api_id = found.username, found.api_id
        if not name and link.account_name and found.uuid == link.account_uuid:
            name = link.account_name
        if not name and await questions.may_ask(is_account=True):
            try:
                full = await self._cad.full_account(self._server_id, found)
            except CadError:
                full = None
            if full:
                name = full.username
                is_same = identity(full.api_id) == identity(api_id)
                api_id = full.api_id if is_same else api_id
        return _proven(link, name, found.uuid, api_id)


def judged(link: Link, proof: Proof, now: datetime) -> Link:
    """Return what a link becomes by what the CAD said about it.

    One that belongs to another account than before keeps its old proof: somebody has to look.
    """
    if not proof.is_proven:
        if not proof.is_complete:
            return link
        return replace(link, proven_at=None, checked_at=now, other_account=None)
    if _is_another(link, proof):
        other = proof.account_name or proof.account_uuid
        return replace(link, checked_at=now, other_account=other)
    after = replace(
        link,
        api_id=proof.api_id,
        account_name=proof.account_name or link.account_name,
        account_uuid=proof.account_uuid or link.account_uuid,
        proven_at=now,
        checked_at=now,
        other_account=None,
    )
    return replace(after, source=Source.CAD, set_by=0) if proof.instead_of else after


def _is_another(link: Link, proof: Proof) -> bool:
    if link.account_uuid and proof.account_uuid:
        return link.account_uuid != proof.account_uuid
    # v1 tells names alone.
    both_named = link.account_name and proof.account_name
    return bool(both_named) and link.account_name != proof.account_name


def _proven(link: Link, name: str, uuid: str, api_id: str) -> Proof:
    is_other = identity(api_id) != identity(link.api_id)
    return Proof(
        api_id, name or None, uuid or None, True, instead_of=link.api_id if is_other else None
    )
