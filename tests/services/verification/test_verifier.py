"""Ids are verified at the pretend CAD, over both versions of its API."""

from __future__ import annotations

import math
from typing import Any

import pytest

from bot.cad.errors import CadRefused, CadUnreachable
from bot.common.account_id import account_id
from bot.services.verification.pacing import ID_GAP, MAX_QUERIES, Pacer, QueryBudget
from bot.services.verification.verifier import Verification
from bot.storage.stores.link_row import LinkSource
from sandbox.cad.state import seed
from sandbox.cad.state.faults import BAD_GATEWAY, Text
from tests.services.conftest import v1, v2
from tests.services.samples import GUILD
from tests.services.verification.verifier_fixture import RILEY, VerifierFixture

HEX = RILEY.hex
SPELLED = [HEX, HEX.upper(), f"steam:{HEX}", f"STEAM:{HEX.upper()}", f"Steam:{HEX}"]
ACCOUNT = RILEY.steam64 - 0x0110_0001_0000_0000
PASTED = [
    str(RILEY.steam64),
    f"STEAM_0:{ACCOUNT % 2}:{ACCOUNT // 2}",
    f"https://steamcommunity.com/profiles/{RILEY.steam64}",
    *SPELLED,
]


@pytest.mark.parametrize("known", SPELLED)
@pytest.mark.parametrize("pasted", PASTED)
async def test_the_spelling_that_the_cad_knows_is_stored(
    verifier_fixture: VerifierFixture, pasted: str, known: str
) -> None:
    uuid = verifier_fixture.add_account("riley", known).uuid
    link, proof = await verifier_fixture.link_member(pasted)
    expected = uuid if verifier_fixture.version == 2 else None
    assert proof == Verification(known, "riley", expected, is_verified=True)
    assert link == await verifier_fixture.stored_link()
    assert (link.api_id, link.account_name, link.account_uuid) == (known, "riley", expected)
    assert link.proven_at == link.checked_at == verifier_fixture.time.now()
    assert verifier_fixture.count_requests().total() <= MAX_QUERIES
    assert {one.status for one in verifier_fixture.cad.world.history} <= {200, 404}


@pytest.mark.parametrize("is_known", [True, False])
async def test_an_id_that_names_an_account(
    verifier_fixture: VerifierFixture, is_known: bool
) -> None:
    uuid = verifier_fixture.add_account("riley").uuid if is_known else "u-0"
    link = await verifier_fixture.put_link(account_id(uuid))
    proof = await verifier_fixture.run(verifier_fixture.verifier.reverify(link))
    assert (proof.is_verified, proof.is_complete) == (is_known, True)
    assert (proof.api_id, proof.replaced_id) == (account_id(uuid), None)
    assert proof.account_name == ("riley" if is_known else None)


@v1
async def test_asking_ends_at_the_first_spelling_that_is_known(
    verifier_fixture: VerifierFixture,
) -> None:
    await verifier_fixture.link_member(str(RILEY.steam64))
    assert verifier_fixture.checked_ids() == [HEX]


async def test_an_unknown_id_is_kept_unverified(verifier_fixture: VerifierFixture) -> None:
    link, proof = await verifier_fixture.link_member("license:unknown")
    assert proof == Verification("license:unknown")
    assert link == await verifier_fixture.stored_link()
    assert (link.proven_at, link.checked_at) == (None, verifier_fixture.time.now())
    assert verifier_fixture.checked_ids() == ["license:unknown", "unknown"]


async def test_an_id_without_its_prefix(verifier_fixture: VerifierFixture) -> None:
    verifier_fixture.add_account("riley", "AbC")
    link, _ = await verifier_fixture.link_member("license:AbC")
    assert link.api_id == "AbC"


async def test_never_more_questions_than_allowed(verifier_fixture: VerifierFixture) -> None:
    verifier_fixture.set_id_format("x{steam64}")
    for number in range(10):
        proven = f"Steam:{(seed.VIC.steam64 & ~15) + 26 + 16 * number:x}"
        await verifier_fixture.put_link(proven, 50 + number, proven_at=verifier_fixture.time.now())
    _, proof = await verifier_fixture.link_member(f"sTeAm:{seed.VIC.hex}")
    assert (proof.is_verified, proof.is_complete) == (False, True)
    # On API 2, the first query is for the member's account.
    assert verifier_fixture.count_requests().total() == MAX_QUERIES - (
        verifier_fixture.version == 1
    )
    assert verifier_fixture.checked_ids()[:2] == [f"Steam:{seed.VIC.hex}", f"x{seed.VIC.steam64}"]
    assert len(set(verifier_fixture.checked_ids())) == len(verifier_fixture.checked_ids()) == 7
    assert {one.status for one in verifier_fixture.cad.world.history} <= {200, 404}


async def test_a_cad_that_is_away(verifier_fixture: VerifierFixture) -> None:
    await verifier_fixture.cad.pause()
    link, proof = await verifier_fixture.link_member(str(RILEY.steam64))
    assert isinstance(proof.error, CadUnreachable)
    assert proof.blocking_error is proof.error
    assert not proof.is_verified
    assert (
        link
        == await verifier_fixture.stored_link()
        == verifier_fixture.new_link(HEX, set_at=link.set_at)
    )


@v1
async def test_a_cad_that_is_slow_is_not_asked_for_ever(verifier_fixture: VerifierFixture) -> None:
    class Slow(type(verifier_fixture.client)):  # type: ignore[misc]
        async def check_api_id(self, *asked: object) -> object:
            await verifier_fixture.time.sleep(4)
            return await super().check_api_id(*asked)

    client: Any = verifier_fixture.client
    verifier_fixture.client = verifier_fixture.verifier._cad = Slow(
        client._sender, client._credentials
    )
    began = verifier_fixture.time.monotonic()
    link, proof = await verifier_fixture.link_member(str(seed.VIC.steam64))
    assert verifier_fixture.time.monotonic() - began <= 20
    assert (proof.is_verified, proof.is_complete, proof.error) == (False, False, None)
    assert link.checked_at is None
    assert 1 < len(verifier_fixture.checked_ids()) < 5


async def test_one_id_that_is_refused_is_no_trouble(verifier_fixture: VerifierFixture) -> None:
    path = "/general/check_apiid" if verifier_fixture.version == 1 else "/v2/general/links"
    verifier_fixture.cad.faults.set(Text(400, "NO"), path=path)
    link, proof = await verifier_fixture.link_member("license:abc")
    assert isinstance(proof.error, CadRefused)
    assert proof.blocking_error is None
    assert (link.proven_at, link.checked_at) == (None, verifier_fixture.time.now())


async def test_a_refused_spelling_does_not_hide_the_next(verifier_fixture: VerifierFixture) -> None:
    path = "/general/check_apiid" if verifier_fixture.version == 1 else "/v2/general/links"
    verifier_fixture.cad.faults.set(Text(400, "NO"), path=path, times=1)
    verifier_fixture.add_account("riley", HEX.upper())
    _, proof = await verifier_fixture.link_member(HEX)
    assert proof.is_verified
    assert proof.api_id == HEX.upper()


async def test_the_same_id_again_keeps_its_proof_while_the_cad_is_away(
    verifier_fixture: VerifierFixture,
) -> None:
    verifier_fixture.add_account("riley", f"STEAM:{HEX.upper()}")
    proven, _ = await verifier_fixture.link_member(HEX)
    await verifier_fixture.cad.pause()
    link, proof = await verifier_fixture.link_member(str(RILEY.steam64))
    assert proof.error
    assert (link.api_id, link.proven_at) == (proven.api_id, proven.proven_at)
    assert link.account_name == "riley"
    other, _ = await verifier_fixture.link_member(seed.SAM.hex)
    assert (other.api_id, other.proven_at, other.account_name) == (seed.SAM.hex, None, None)


async def test_a_new_link_means_the_account_of_now(
    verifier_fixture: VerifierFixture,
) -> None:
    await verifier_fixture.put_link(
        HEX,
        account_name="bob",
        account_uuid="u-1",
        proven_at=verifier_fixture.time.now(),
        other_account="x",
    )
    link, _ = await verifier_fixture.link_member(HEX)
    assert (link.account_name, link.other_account) == ("riley", None)


async def test_a_link_that_has_changed_meanwhile_is_left_alone(
    verifier_fixture: VerifierFixture,
) -> None:
    link = await verifier_fixture.put_link(HEX)
    changed = await verifier_fixture.put_link("license:new", set_by=99)
    proof = await verifier_fixture.run(verifier_fixture.verifier.reverify(link))
    assert proof.is_verified
    assert not await verifier_fixture.verification_store.save(
        link, verifier_fixture.new_link(HEX, proven_at=verifier_fixture.time.now())
    )
    assert await verifier_fixture.stored_link() == changed


async def first_spelling(verifier_fixture: VerifierFixture) -> str:
    """Return the spelling in which a pasted Steam id would be stored and asked about first."""
    link = verifier_fixture.new_link(str(RILEY.steam64))
    return (await verifier_fixture.verifier.prepare(link, None)).api_id


class TestLearning:
    async def test_the_form_of_ten_proven_ids_comes_first(
        self, verifier_fixture: VerifierFixture
    ) -> None:
        for number, person in enumerate((*seed.PEOPLE, seed.SAM, seed.TAYLOR, seed.JORDAN)):
            assert await first_spelling(verifier_fixture) == HEX
            known = f"STEAM:{person.hex.upper()}"
            await verifier_fixture.put_link(
                known, 50 + number, proven_at=verifier_fixture.time.now()
            )
        assert await first_spelling(verifier_fixture) == f"STEAM:{HEX.upper()}"
        verifier_fixture.add_account("riley", f"STEAM:{HEX.upper()}")
        link, proof = await verifier_fixture.link_member(str(RILEY.steam64))
        assert proof.is_verified
        assert verifier_fixture.checked_ids() == [f"STEAM:{HEX.upper()}"]
        # It is also the better choice while the CAD is unreachable.
        await verifier_fixture.cad.pause()
        link, _ = await verifier_fixture.link_member(seed.VIC.hex, 8)
        assert link.api_id == f"STEAM:{seed.VIC.hex.upper()}"
        link, _ = await verifier_fixture.link_member(f"steam:{seed.VIC.hex}", 9)
        assert link.api_id == f"steam:{seed.VIC.hex}"

    async def test_the_learned_form_comes_first_in_the_background(
        self, verifier_fixture: VerifierFixture
    ) -> None:
        for number in range(10):
            known = f"STEAM:{(seed.VIC.steam64 & ~15) + 26 + 16 * number:X}"
            await verifier_fixture.put_link(
                known, 50 + number, proven_at=verifier_fixture.time.now()
            )
        await verifier_fixture.run(
            verifier_fixture.verifier.reverify(await verifier_fixture.put_link(HEX))
        )
        assert verifier_fixture.checked_ids() == [f"STEAM:{HEX.upper()}", HEX]
        verifier_fixture.cad.world.history.clear()
        proven = await verifier_fixture.put_link(HEX, proven_at=verifier_fixture.time.now())
        await verifier_fixture.run(verifier_fixture.verifier.reverify(proven))
        assert verifier_fixture.checked_ids() == [HEX]

    async def test_what_is_stored_comes_first_without_one(
        self, verifier_fixture: VerifierFixture
    ) -> None:
        link = await verifier_fixture.put_link(f"sTeam:{HEX}")
        verifier_fixture.add_account("riley", link.api_id)
        await verifier_fixture.run(verifier_fixture.verifier.reverify(link))
        assert verifier_fixture.checked_ids() == [link.api_id]

    async def test_unproven_ids_teach_nothing(self, verifier_fixture: VerifierFixture) -> None:
        for number, person in enumerate(seed.PEOPLE * 3):
            await verifier_fixture.put_link(f"STEAM:{person.hex.upper()}", 50 + number)
        assert await first_spelling(verifier_fixture) == HEX


@v2
class TestDiscordInTheCad:
    async def test_what_the_cad_says_of_a_person_is_the_truth(
        self, verifier_fixture: VerifierFixture
    ) -> None:
        uuid = verifier_fixture.add_account("riley", f"STEAM:{HEX.upper()}", discord_id=7).uuid
        link, proof = await verifier_fixture.link_member(seed.SAM.hex)
        assert proof == Verification(
            f"STEAM:{HEX.upper()}",
            "riley",
            uuid,
            is_verified=True,
            replaced_id=seed.SAM.hex,
            is_own=True,
        )
        assert (link.api_id, link.source, link.set_by) == (proof.api_id, LinkSource.CAD, 0)
        assert await verifier_fixture.stored_link() == link
        assert verifier_fixture.count_requests() == {"v2 account": 1}

    async def test_the_same_id_is_no_contradiction(self, verifier_fixture: VerifierFixture) -> None:
        verifier_fixture.add_account("riley", f"STEAM:{HEX.upper()}", discord_id=7)
        link, proof = await verifier_fixture.link_member(HEX)
        assert proof.replaced_id is None
        assert (link.source, link.set_by) == (LinkSource.PERSON, 7)

    async def test_an_account_without_a_player_is_named_itself(
        self, verifier_fixture: VerifierFixture
    ) -> None:
        uuid = verifier_fixture.add_account("riley", discord_id=7).uuid
        link, proof = await verifier_fixture.link_member(seed.SAM.hex)
        assert (proof.account_name, proof.replaced_id) == ("riley", seed.SAM.hex)
        assert (link.api_id, link.account_uuid) == (account_id(uuid), uuid)

    async def test_an_id_is_proven_although_its_name_is_not_told(
        self, verifier_fixture: VerifierFixture
    ) -> None:
        verifier_fixture.cad.faults.set(Text(400, "NO"), path="/v2/general/accounts")
        link, proof = await verifier_fixture.link_member(HEX)
        assert (proof.is_verified, proof.account_name) == (True, None)
        assert link.account_uuid == verifier_fixture.account("riley").uuid

    async def test_many_who_link_at_once_are_proven_without_asking_who_they_are(
        self, verifier_fixture: VerifierFixture
    ) -> None:
        for number in range(5):
            link, proof = await verifier_fixture.link_member(HEX, 20 + number)
            assert proof.is_verified
        assert verifier_fixture.count_requests()["v2 account"] <= 8
        assert link.account_uuid == verifier_fixture.account("riley").uuid
        assert {one.status for one in verifier_fixture.cad.world.history} <= {200, 404}

    async def test_in_the_background_the_person_comes_last(
        self, verifier_fixture: VerifierFixture
    ) -> None:
        verifier_fixture.add_account("riley", "license:new", discord_id=7)
        link = await verifier_fixture.put_link(seed.VIC.hex)
        proof = await verifier_fixture.run(verifier_fixture.verifier.reverify(link))
        assert (proof.api_id, proof.replaced_id) == ("license:new", seed.VIC.hex)
        assert [one.type for one in verifier_fixture.cad.world.history] == ["v2 link"] * 5 + [
            "v2 account"
        ]

    async def test_a_name_that_is_known_is_not_asked_for(
        self, verifier_fixture: VerifierFixture
    ) -> None:
        uuid = verifier_fixture.account("riley").uuid
        link = await verifier_fixture.put_link(HEX, account_name="Riley S.", account_uuid=uuid)
        proof = await verifier_fixture.run(verifier_fixture.verifier.reverify(link))
        assert proof == Verification(HEX, "Riley S.", uuid, is_verified=True)
        assert verifier_fixture.count_requests() == {"v2 link": 1}


class TestTurns:
    async def test_the_gaps(self, verifier_fixture: VerifierFixture) -> None:
        turns = Pacer(verifier_fixture.time, id_gap=3, account_gap=10)
        began = verifier_fixture.time.monotonic()
        moments = []
        for is_account in (False, False, True, True, False):
            assert await verifier_fixture.run(turns.acquire(math.inf, is_account=is_account))
            moments.append(verifier_fixture.time.monotonic() - began)
        assert moments == pytest.approx([0, 3, 6, 16, 19], abs=0.5)

    async def test_whose_turn_comes_too_late_waits_for_nothing(
        self, verifier_fixture: VerifierFixture
    ) -> None:
        turns = Pacer(verifier_fixture.time, id_gap=3, account_gap=10)
        until = verifier_fixture.time.monotonic() + 4
        assert await verifier_fixture.run(turns.acquire(until, is_account=True))
        assert not await turns.acquire(until, is_account=True)
        # It delays no other query.
        assert await verifier_fixture.run(turns.acquire(until, is_account=False))
        questions = QueryBudget(turns, until)
        assert not questions.is_background
        assert not questions.timed_out
        assert not await questions.acquire(is_account=True)
        assert questions.timed_out

    async def test_the_last_question(self, verifier_fixture: VerifierFixture) -> None:
        questions = QueryBudget(Pacer(verifier_fixture.time, id_gap=0, account_gap=0), math.inf)
        assert questions.is_background
        for _ in range(MAX_QUERIES):
            assert await questions.acquire()
        assert not await questions.acquire()
        assert not questions.timed_out


async def test_the_background_leaves_most_of_the_budget(verifier_fixture: VerifierFixture) -> None:
    for person in range(3):
        link = await verifier_fixture.put_link(f"{seed.VIC.steam64 + 1600 + person:x}", person)
        await verifier_fixture.run(verifier_fixture.verifier.reverify(link))
        assert verifier_fixture.client.limiters.attach.wait() == 0
    seconds = verifier_fixture.time.monotonic()
    assert verifier_fixture.count_requests().total() <= seconds / ID_GAP + 1
    assert {one.status for one in verifier_fixture.cad.world.history} <= {200, 404}
    assert await verifier_fixture.links.count(GUILD) == 3


async def test_trouble_in_the_background(verifier_fixture: VerifierFixture) -> None:
    verifier_fixture.cad.faults.set(BAD_GATEWAY)
    link = await verifier_fixture.put_link(HEX)
    proof = await verifier_fixture.run(verifier_fixture.verifier.reverify(link))
    assert proof.blocking_error
    assert not proof.is_complete
