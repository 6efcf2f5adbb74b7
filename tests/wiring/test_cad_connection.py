"""The settings choose the version of the CAD's API and the feeds of push events."""

from __future__ import annotations

from typing import Any

import pytest

from bot.cad.client import InspectableCad
from bot.cad.client_v1 import V1Client
from bot.cad.client_v2 import V2Client
from bot.cad.codec import v1, v2
from bot.cad.http.rate_limits import RateLimit
from bot.cad.http.transport import Transport
from bot.cad.push.http_push import HttpPushServer
from bot.cad.push.key_routes import KeyFeed
from bot.cad.push.signalr_feed import SignalRFeed
from bot.config.settings import Settings
from bot.wiring import cad_connection
from bot.wiring.cad_connection import CadConnections
from tests.manual_clock import ManualClock

SETTINGS = {
    "discord_token": "a.bot.token",
    "sonoran_community_id": "a-community",
    "sonoran_api_key": "a-key",
    "sonoran_api_url": "http://127.0.0.1:9",
}


def settings(**more: Any) -> Settings:
    return Settings.model_validate(SETTINGS | more)


@pytest.mark.parametrize(
    ("more", "feeds"),
    [
        ({}, {}),
        ({"push_listen": "127.0.0.1:0"}, None),
        ({"push_listen": "127.0.0.1:8080"}, {"PUSH_LISTEN": KeyFeed}),
        ({"sonoran_websocket": True}, {"SONORAN_WEBSOCKET": SignalRFeed}),
        (
            {"push_listen": "127.0.0.1:8080", "sonoran_websocket": True},
            {"PUSH_LISTEN": KeyFeed, "SONORAN_WEBSOCKET": SignalRFeed},
        ),
    ],
)
async def test_each_setting_of_push_events_is_a_feed(
    more: dict[str, Any], feeds: dict[str, type] | None
):
    if feeds is None:
        with pytest.raises(ValueError, match="host:port"):
            settings(**more)
        return
    loaded = settings(**more)
    server = HttpPushServer(*loaded.push_address) if loaded.push_address else None
    built = cad_connection.build_feeds(loaded, loaded, server)
    names = cad_connection.feed_names(loaded, loaded)
    assert dict(zip(names, map(type, built), strict=True)) == feeds


async def test_each_server_has_a_websocket():
    loaded = settings(
        push_listen="127.0.0.1:8080", sonoran_websocket=True, sonoran_servers="1,2::Liberty City"
    )
    server = HttpPushServer("127.0.0.1", 8080)
    assert [type(one) for one in cad_connection.build_feeds(loaded, loaded, server)] == [
        KeyFeed,
        SignalRFeed,
        SignalRFeed,
    ]
    assert cad_connection.feed_names(loaded, loaded) == [
        "PUSH_LISTEN",
        "SONORAN_WEBSOCKET, server 1",
        "SONORAN_WEBSOCKET, server 2",
    ]


def built(loaded: Settings, budget_share: float = 0.8, spent: float = 0.0) -> InspectableCad:
    opened = CadConnections(
        NotedTransport, budget_share=budget_share, spent=spent, clock=ManualClock()
    )
    return opened.open_client(loaded)


@pytest.mark.parametrize(("version", "kind"), [(1, V1Client), (2, V2Client)])
async def test_the_version_of_the_api(version: int, kind: type):
    client = built(settings(sonoran_api_version=version))
    assert type(client) is kind
    await client.close()


@pytest.mark.parametrize(
    ("version", "limit"), [(1, v1.LIMITS[v1.ENDPOINT]), (2, v2.LIMITS[v2.ATTACH])]
)
async def test_what_another_process_has_used_is_not_used_again(version: int, limit: RateLimit):
    client = built(settings(sonoran_api_version=version), budget_share=1.0, spent=0.5)
    assert client.limiters.attach.used == limit.requests // 2
    await client.close()


async def test_the_bot_uses_its_share_of_the_limits():
    client = built(settings(sonoran_api_version=2), budget_share=0.5)
    allowed = 0
    while not client.limiters.attach.wait():
        client.limiters.attach.record()
        allowed += 1
    assert allowed == v2.LIMITS[v2.ATTACH].requests // 2
    await client.close()


class NotedTransport(Transport):
    """Notes which are open."""

    opened: set[NotedTransport] = set()  # noqa: RUF012 - of the test that runs

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:9")
        self.opened.add(self)

    async def close(self) -> None:
        await super().close()
        self.opened.discard(self)


async def test_guilds_that_share_a_key_share_a_connection():
    opened = CadConnections(NotedTransport, budget_share=0.8, clock=ManualClock())
    async with opened.connect(settings()) as one:
        async with (
            opened.connect(settings(log_channel_id="700000000000000001")) as same,
            opened.connect(settings(sonoran_api_key="another-key")) as other,
            opened.connect(settings(sonoran_community_id="another-community")) as stranger,
        ):
            assert same is one
            assert len({id(one), id(other), id(stranger)}) == 3
            assert len(NotedTransport.opened) == 3
            client = opened.open_client(settings())  # with a connection of its own
            assert len(NotedTransport.opened) == 4
            await client.close()
            assert len(NotedTransport.opened) == 3
        assert len(NotedTransport.opened) == 1  # it is still used
    assert len(NotedTransport.opened) == 0
    async with opened.connect(settings()) as later:
        assert later is not one
