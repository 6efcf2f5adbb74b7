"""The client of the v1 API over a mocked network: attach variants, pages, classes of errors."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aioresponses import CallbackResult, aioresponses
from yarl import URL

from bot.cad.client_v1 import V1Client
from bot.cad.codec import v1
from bot.cad.codec.readers import read_units
from bot.cad.codec.v1 import ATTACH_VARIANTS, UNITS_PER_PAGE, AttachVariant
from bot.cad.errors import (
    ApiNotEnabled,
    CadBrokenOff,
    CadError,
    CadRateLimited,
    CadRedirected,
    CadRefused,
    CadTimeout,
    CadUnavailable,
    CadUnreadable,
    CadWebPage,
    InvalidApiKey,
    InvalidCommunity,
    InvalidRequestType,
    UnitNotAddressable,
)
from bot.cad.http.transport import RequestSender, Transport
from bot.cad.http.wire import Credentials
from bot.cad.models import Account, AttachRequest, DetachRequest, UnitRef
from tests.cad.samples import CALL, UNIT
from tests.manual_clock import ManualClock

SEED, JUNE, TODAY = ATTACH_VARIANTS
ORDER = AttachRequest(1, 100, (UnitRef("STEAM:1234"),))
LEAVE = DetachRequest(2, (UnitRef("a"), UnitRef("b")))

type_unknown = CallbackResult(status=400, body="INVALID REQUEST TYPE")
done = CallbackResult(status=200, body="UNITS ATTACHED")
unavailable = CallbackResult(status=503, body="busy")


def refused(text: str, status: int = 400) -> CallbackResult:
    return CallbackResult(status=status, body=text)


def listed(data: Any) -> CallbackResult:
    return CallbackResult(status=200, payload=data)


@dataclass
class MockedCad:
    """The mocked CAD: records requests, gives its answers in turn, repeats the last one."""

    answers: list[CallbackResult | Exception] = field(default_factory=list)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    speaks: AttachVariant | None = None

    async def reply(self, url: URL, *, json: dict[str, Any], **_: object) -> CallbackResult:
        self.asked.append((url.path, json))
        await asyncio.sleep(0)  # lets another command run first
        if self.speaks:
            return done if self.speaks == AttachVariant(url.path, json["type"]) else type_unknown
        reply = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(reply, Exception):
            raise reply
        return reply

    @property
    def variants(self) -> list[AttachVariant]:
        return [AttachVariant(path, body["type"]) for path, body in self.asked]

    @property
    def objects(self) -> list[dict[str, Any]]:
        return [item for _, body in self.asked for item in body["data"]]


@pytest.fixture
def cad():
    return MockedCad()


@pytest.fixture
def switches() -> list[AttachVariant]:
    return []


@pytest.fixture
def time() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def client(
    cad: MockedCad, time: ManualClock, switches: list[AttachVariant]
) -> AsyncIterator[V1Client]:
    sender = RequestSender(
        Transport("https://cad.example"),
        v1.LIMITS,
        clock=time,
        jitter=lambda: 1.0,
    )
    client = V1Client(sender, Credentials("community", "key"), on_variant_change=switches.append)
    with aioresponses() as network:
        network.post(re.compile(".*"), callback=cad.reply, repeat=True)
        yield client
    await client.close()


async def test_attach_sends_the_seeds_request_first(client, cad, switches):
    cad.answers = [done]
    await client.attach([ORDER])
    order = {"serverId": 1, "callId": 100, "units": ["STEAM:1234"]}
    assert cad.asked == [
        (
            "/emergency",
            {"id": "community", "key": "key", "type": "ATTACH_UNITS", "data": [order]},
        )
    ]
    assert switches == []


@pytest.mark.parametrize("text", ["UNITS ATTACHED", "", "API ID(s) set!", "INVALID API KEY"])
async def test_a_good_status_is_success_whatever_the_text(client, cad, text):
    cad.answers = [CallbackResult(status=200, body=text, content_type="text/html")]
    await client.attach([ORDER])


async def test_several_calls_go_in_one_request(client, cad):
    cad.answers = [done]
    await client.attach([ORDER, AttachRequest(2, 101, (UnitRef("a"),))])
    assert len(cad.asked) == 1
    assert [item["callId"] for item in cad.objects] == [100, 101]


@pytest.mark.parametrize("spoken", ATTACH_VARIANTS)
async def test_the_variant_that_works_is_found_and_remembered(client, cad, switches, spoken):
    cad.speaks = spoken
    await client.attach([ORDER])
    tried = list(ATTACH_VARIANTS[: ATTACH_VARIANTS.index(spoken) + 1])
    assert cad.variants == tried
    await client.attach([ORDER])
    assert cad.variants == [*tried, spoken]
    assert switches == ([] if spoken == SEED else [spoken])


@pytest.mark.parametrize("spoken", ATTACH_VARIANTS)
async def test_a_switch_is_reported_once_when_many_find_it_at_once(client, cad, switches, spoken):
    cad.speaks = spoken
    await asyncio.gather(*(client.attach([ORDER]) for _ in range(20)))
    assert switches == ([] if spoken == SEED else [spoken])


async def test_no_listener_is_needed_for_a_changed_variant(cad, client):
    cad.speaks = TODAY
    sender = RequestSender(Transport("https://cad.example"), v1.LIMITS)
    deaf = V1Client(sender, Credentials("community", "key"))
    await deaf.attach([ORDER])
    await deaf.close()
    assert cad.variants[-1] == TODAY


@pytest.mark.parametrize("status", [404, 405])
async def test_a_missing_path_asks_for_the_next_variant(client, cad, switches, status):
    cad.answers = [refused("<html><title>Nothing here</title>", status), type_unknown, done]
    await client.attach([ORDER])
    assert cad.variants == [SEED, JUNE, TODAY]
    assert switches == [TODAY]


PAGE = CallbackResult(status=200, body="<html><title>Hi</title>", content_type="text/html")
NO_API = CallbackResult(status=200, body="Backend Service Reached")


@pytest.mark.parametrize("answer", [PAGE, NO_API])
async def test_an_address_that_is_none_of_the_api_asks_for_the_next_variant(
    client, cad, switches, answer
):
    cad.answers = [answer, type_unknown, done]
    await client.attach([ORDER])
    await client.attach([ORDER])
    assert cad.variants == [SEED, JUNE, TODAY, TODAY]
    assert switches == [TODAY]


@pytest.mark.parametrize("answer", [PAGE, NO_API])
async def test_the_check_of_the_set_up_passes_such_an_address_by(client, cad, answer):
    cad.answers = [answer, done]
    assert await client.find_attach_variant() == str(JUNE)


async def test_an_address_that_has_worked_is_not_left_for_a_web_page(client, cad):
    cad.answers = [done, PAGE]
    await client.attach([ORDER])
    with pytest.raises(CadUnreadable):
        await client.attach([ORDER])
    assert cad.variants == [SEED, SEED]


async def test_a_refusal_says_more_than_a_web_page(client, cad):
    cad.answers = [NO_API, NO_API, refused("API IS NOT ENABLED FOR THIS COMMUNITY")]
    with pytest.raises(ApiNotEnabled):
        await client.attach([ORDER])


async def test_units_without_an_api_id_are_attached_in_todays_form_alone(client, cad, switches):
    cad.answers = [done]
    await client.attach([ORDER])
    await client.attach([AttachRequest(1, 100, (UnitRef("", 7),))])
    await client.attach([ORDER])
    assert cad.variants == [SEED, TODAY, SEED]
    assert cad.objects[1] == {"serverId": 1, "callId": 100, "identIds": [7]}
    assert switches == []


UNNAMED = AttachRequest(1, 100, (UnitRef("", 7), UnitRef("", 9), UnitRef("a", 8)))


async def test_a_cad_of_2020_cannot_name_units_without_an_api_id(client, cad):
    cad.speaks = SEED
    for _ in range(2):
        with pytest.raises(UnitNotAddressable) as caught:
            await client.attach([UNNAMED])
        assert caught.value.idents == {7, 9}
    # It is asked once which form it takes instead: a wrong address is another fault.
    assert cad.variants == [TODAY, SEED]
    await client.attach([ORDER])
    assert cad.variants == [TODAY, SEED, SEED]


async def test_a_web_page_does_not_prove_that_idents_are_unknown(client, cad):
    cad.answers = [done, NO_API, done]
    await client.attach([ORDER])
    with pytest.raises(UnitNotAddressable):
        await client.attach([UNNAMED])
    await client.attach([UNNAMED])
    assert cad.variants == [SEED, TODAY, TODAY]


async def test_where_no_form_is_known_the_unit_is_not_to_blame(client, cad):
    cad.answers = [type_unknown]
    with pytest.raises(InvalidRequestType):
        await client.attach([UNNAMED])


async def test_a_command_of_two_requests_that_ends_after_the_first_may_have_arrived(client, cad):
    units = (UnitRef("a", 8), UnitRef("", 7, "uuid"))
    cad.answers = [done, refused("NO SUCH ACCOUNT")]
    with pytest.raises(CadRefused) as caught:
        await client.detach([DetachRequest(1, units)])
    assert caught.value.may_have_arrived
    cad.answers = [done]
    await client.attach([AttachRequest(1, 100, (UnitRef("a"), UnitRef("", 7)))])
    assert cad.objects[-2:] == [
        {"serverId": 1, "callId": 100, "units": ["a"]},
        {"serverId": 1, "callId": 100, "identIds": [7]},
    ]


async def test_once_remembered_no_other_variant_is_tried(client, cad):
    cad.answers = [done, refused("NO SUCH CALL", 404)]
    await client.attach([ORDER])
    with pytest.raises(CadRefused, match="NO SUCH CALL"):
        await client.attach([ORDER])
    assert cad.variants == [SEED, SEED]


async def test_a_refusal_that_is_about_the_order_ends_the_search(client, cad, switches):
    cad.answers = [type_unknown, refused("INVALID API KEY")]
    with pytest.raises(InvalidApiKey):
        await client.attach([ORDER])
    assert cad.variants == [SEED, JUNE]
    assert switches == []


async def test_a_search_that_failed_starts_over(client, cad, switches):
    cad.answers = [type_unknown, refused("INVALID API KEY"), type_unknown, done]
    with pytest.raises(InvalidApiKey):
        await client.attach([ORDER])
    await client.attach([ORDER])
    assert cad.variants == [SEED, JUNE, SEED, JUNE]
    assert switches == [JUNE]


@pytest.mark.parametrize(
    ("answers", "kind", "text"),
    [
        ([type_unknown] * 3, InvalidRequestType, "INVALID REQUEST TYPE"),
        ([refused("CALL 100 IS UNKNOWN", 404), type_unknown, type_unknown], CadRefused, "CALL 100"),
        ([type_unknown, type_unknown, refused("CALL 100", 404)], CadRefused, "CALL 100"),
        ([refused("first", 404), type_unknown, refused("last", 405)], CadRefused, "last"),
    ],
)
async def test_when_all_refuse_the_most_telling_refusal_is_shown(client, cad, answers, kind, text):
    cad.answers = answers
    with pytest.raises(CadRefused, match=text) as caught:
        await client.attach([ORDER])
    assert type(caught.value) is kind
    assert cad.variants == list(ATTACH_VARIANTS)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("INVALID COMMUNITY ID", InvalidCommunity),
        ("API IS NOT ENABLED FOR THIS COMMUNITY", ApiNotEnabled),
        ("INVALID API KEY", InvalidApiKey),
        ("NO SUCH CALL", CadRefused),
    ],
)
async def test_a_refusal_keeps_its_kind_and_its_words(client, cad, time, text, kind):
    cad.answers = [refused(text), done]
    with pytest.raises(CadRefused) as caught:
        await client.attach([ORDER])
    assert type(caught.value) is kind
    assert caught.value.text == text
    assert (len(cad.asked), time.slept) == (1, [])


async def test_detach(client, cad):
    cad.answers = [done]
    await client.detach([LEAVE])
    ((path, body),) = cad.asked
    assert (path, body["type"]) == ("/emergency/detach_unit", "DETACH_UNIT")
    assert body["data"] == [{"serverId": 2, "units": ["a", "b"]}]


async def test_detach_has_one_variant(client, cad):
    cad.answers = [type_unknown]
    with pytest.raises(InvalidRequestType):
        await client.detach([LEAVE])
    assert len(cad.asked) == 1


async def test_calls(client, cad):
    cad.answers = [listed({"ACTIVECALLS": [CALL]})]
    assert [call.call_id for call in (await client.calls(2)).dispatch] == [100]
    assert cad.objects[0]["serverId"] == 2


def page(first: int, size: int) -> CallbackResult:
    return listed([UNIT | {"id": ident} for ident in range(first, first + size)])


@pytest.mark.parametrize(
    ("pages", "offsets", "idents"),
    [
        ([page(0, 0)], [0], range(0)),
        ([page(0, 99)], [0], range(99)),
        ([page(0, 100), page(100, 0)], [0, 100], range(100)),
        ([page(0, 100), page(100, 100), page(200, 7)], [0, 100, 200], range(207)),
        # A unit logged off between two pages.
        ([page(0, 100), page(99, 5)], [0, 100], range(104)),
    ],
)
async def test_units_are_read_page_by_page(client, cad, pages, offsets, idents):
    cad.answers = pages
    assert [unit.ident for unit in (await client.units(1)).units] == list(idents)
    assert [item["offset"] for item in cad.objects] == offsets


async def test_a_bad_entry_does_not_end_the_pages(client, cad):
    bad = [UNIT | {"id": ident} for ident in range(UNITS_PER_PAGE - 1)]
    cad.answers = [listed([*bad, None]), page(100, 1)]
    assert len((await client.units(1)).units) == 100
    assert [item["offset"] for item in cad.objects] == [0, 100]


async def test_a_cad_that_does_not_know_offsets_is_not_asked_for_ever(client, cad):
    cad.answers = [page(0, 100)]
    assert len((await client.units(1)).units) == 100
    assert len(cad.asked) == 2


async def test_a_known_api_id(client, cad):
    cad.answers = [CallbackResult(status=200, body="patdoe")]
    found = await client.check_api_id(2, "steam:1")
    assert found == Account("", "patdoe", "steam:1")
    assert await client.get_full_account(2, found) == found
    assert cad.objects == [{"serverId": 2, "apiId": "steam:1"}]


async def test_an_account_that_the_cad_has_told_of_gets_its_name(client, cad):
    cad.answers = [
        CallbackResult(status=200, body="patdoe"),
        refused("API ID NOT LINKED TO AN ACCOUNT IN THIS COMMUNITY", 404),
    ]
    told = Account("u-1", "", "steam:1")
    assert await client.get_full_account(1, told) == Account("u-1", "patdoe", "steam:1")
    assert await client.get_full_account(1, told) is None


async def test_an_unknown_api_id(client, cad):
    cad.answers = [refused("API ID NOT LINKED TO AN ACCOUNT IN THIS COMMUNITY", 404)]
    assert await client.check_api_id(1, "steam:1") is None


async def test_a_page_that_is_missing_is_no_unknown_api_id(client, cad):
    cad.answers = [refused("<html><title>404 Not Found</title>", 404)]
    with pytest.raises(CadRefused, match=r"^404 Not Found$"):
        await client.check_api_id(1, "steam:1")


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.attach([ORDER]),
        lambda client: client.detach([LEAVE]),
        lambda client: client.calls(1),
        lambda client: client.units(1),
        lambda client: client.check_api_id(1, "a"),
    ],
)
@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (CallbackResult(status=200, body="Backend Service Reached"), CadUnreadable),
        (CallbackResult(status=200, body="<html><title>Hi</title>"), CadWebPage),
        (CallbackResult(status=302, headers={"Location": "https://x.example"}), CadRedirected),
        (CallbackResult(status=403, body="no"), CadRefused),
        (CallbackResult(status=429), CadRateLimited),
        (unavailable, CadUnavailable),
        (aiohttp.ServerDisconnectedError(), CadBrokenOff),
        (ConnectionResetError(104, "reset"), CadBrokenOff),
        (TimeoutError(), CadTimeout),
    ],
)
async def test_every_method_raises_the_same_family(
    client: V1Client,
    cad: MockedCad,
    ask: Callable[[V1Client], Awaitable[object]],
    reply: CallbackResult | Exception,
    kind: type[CadError],
) -> None:
    cad.answers = [reply]
    with pytest.raises(CadError) as caught:
        await ask(client)
    assert type(caught.value) is kind


@pytest.mark.parametrize("body", ["UNITS ATTACHED", "null", "[1", b"\xff"])
async def test_lists_that_cannot_be_read(client, cad, body):
    cad.answers = [CallbackResult(status=200, body=body)]
    with pytest.raises(CadUnreadable):
        await client.calls(1)
    with pytest.raises(CadUnreadable):
        await client.units(1)


@pytest.mark.parametrize(
    "fault", [unavailable, CallbackResult(status=429), aiohttp.ClientConnectionError()]
)
@pytest.mark.parametrize(
    "order", [lambda client: client.attach([ORDER]), lambda client: client.detach([LEAVE])]
)
async def test_an_order_is_sent_once(client, cad, time, order, fault):
    cad.answers = [fault, done]
    with pytest.raises(CadError):
        await order(client)
    assert (len(cad.asked), time.slept) == (1, [])


async def test_a_question_is_asked_again(client, cad, time):
    cad.answers = [unavailable, listed({"activeCalls": [CALL]})]
    assert len((await client.calls(1)).dispatch) == 1
    assert time.slept == [0.25]


async def test_orders_and_questions_share_one_budget(client, cad):
    cad.answers = [done, done, listed([]), CallbackResult(status=200, body="patdoe")]
    await client.attach([ORDER])
    await client.detach([LEAVE])
    await client.units(1)
    await client.check_api_id(1, "a")
    assert client.limiters.attach is client.limiters.detach
    assert client.limiters.attach.used == 4


async def test_who_is_on_a_call(client, cad):
    other = CALL | {"callId": 101, "idents": [9]}
    cad.answers = [listed({"activeCalls": [CALL, other]})]
    units = read_units([{"id": ident, "data": {}} for ident in (8, 9, 10)])
    assert await client.get_idents_on_call(1, 100, units) == {8}


async def test_no_unit_is_on_a_call_that_is_over(client, cad):
    cad.answers = [listed({"activeCalls": []})]
    units = read_units([{"id": 7, "data": {}}])
    assert await client.get_idents_on_call(1, 100, units) == frozenset()


async def test_v1_knows_no_discord_accounts(client, cad):
    assert await client.get_account_by_discord_id(5) is None
    assert cad.asked == []


async def test_the_key_is_in_no_error(client, cad):
    cad.answers = [refused("no")]
    with pytest.raises(CadRefused) as caught:
        await client.attach([ORDER])
    assert "'key'" not in repr(caught.value)
    assert "key" not in str(caught.value)
