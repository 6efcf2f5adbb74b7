"""Builds what speaks with the CAD, as the settings say."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.cad.api_choice import ApiStatus
from bot.cad.client import InspectableCad
from bot.cad.client_auto import AutoClient
from bot.cad.client_v1 import V1Client
from bot.cad.client_v2 import V2Client
from bot.cad.codec import v1, v2
from bot.cad.codec.v1 import AttachVariant
from bot.cad.http.transport import RequestSender, Transport
from bot.cad.http.wire import Credentials
from bot.common.clock import Clock
from bot.config.guild_settings import GuildSettings
from bot.config.settings import OperatorSettings
from bot.services.board.live_board import PollTurns
from bot.services.board.push_listener import Feed

if TYPE_CHECKING:
    from bot.cad.push.http_push import HttpPushServer

_log = logging.getLogger(__name__)


def build_feeds(
    operator: OperatorSettings, settings: GuildSettings, push_server: HttpPushServer | None
) -> list[Feed]:
    """Listen for a guild wherever the settings say.

    Args:
        push_server: takes the push events of all guilds; None without PUSH_LISTEN.
    """
    key = settings.sonoran_api_key.get_secret_value()
    found: list[Feed] = [push_server.listen(key)] if push_server else []
    if settings.sonoran_websocket:
        # Imported only where it is used: a websocket client costs time and memory.
        from bot.cad.push.signalr_feed import SignalRFeed  # noqa: PLC0415

        url, community = str(operator.sonoran_api_url), settings.sonoran_community_id
        found += [SignalRFeed(url, community, key, one.server_id) for one in settings.servers]
    return found


def feed_names(operator: OperatorSettings, settings: GuildSettings) -> list[str]:
    """Name the setting behind each of the feeds, and the server where it has one for each."""
    names = ["PUSH_LISTEN"] if operator.push_address else []
    if not settings.sonoran_websocket:
        return names
    if len(settings.servers) == 1:
        return [*names, "SONORAN_WEBSOCKET"]
    return [*names, *(f"SONORAN_WEBSOCKET, server {one.server_id}" for one in settings.servers)]


@dataclass(frozen=True, slots=True)
class CadConnection:
    """What all requests with one API key share: the CAD counts per key.

    Attributes:
        v1, v2: send the requests of each version of the API within its limits.
        turns: of the polls of the boards.
    """

    transport: Transport
    v1: RequestSender
    v2: RequestSender
    turns: PollTurns
    clock: Clock

    @classmethod
    def over(
        cls, transport: Transport, *, budget_share: float, spent: float = 0.0, clock: Clock
    ) -> CadConnection:
        """Return the connection of a key over a transport.

        Args:
            budget_share: the part of the CAD's rate limits that the bot uses, above 0 up to 1.
            spent: see `RequestSender`.
        """
        limits = {endpoint: limit.scaled(budget_share) for endpoint, limit in v2.LIMITS.items()}
        return cls(
            transport,
            RequestSender(transport, v1.LIMITS, spent=spent, clock=clock),
            RequestSender(transport, limits, spent=spent, clock=clock),
            PollTurns.new(clock),
            clock,
        )


class CadConnections:
    """The open connections to the CAD, one for each API key. Guilds that share a key share it.

    Args:
        open_transport: opens what requests are sent over.
        budget_share, spent: see `CadConnection.over`.
    """

    def __init__(
        self,
        open_transport: Callable[[], Transport],
        *,
        budget_share: float,
        spent: float = 0.0,
        clock: Clock,
    ) -> None:
        self._open_transport = open_transport
        self._budget_share = budget_share
        self._spent = spent
        self._clock = clock
        self._open: dict[Credentials, CadConnection] = {}
        self._users: Counter[Credentials] = Counter()

    def open_client(self, settings: GuildSettings) -> InspectableCad:
        """Return a client with a connection of its own, which it closes."""
        return build_client(settings, self._new())

    @asynccontextmanager
    async def connect(self, settings: GuildSettings) -> AsyncIterator[CadConnection]:
        """Use the connection of the key in a guild's settings; its last user closes it."""
        who = _credentials(settings)
        if who not in self._open:
            self._open[who] = self._new()
        self._users[who] += 1
        try:
            yield self._open[who]
        finally:
            self._users[who] -= 1
            if not self._users[who]:
                del self._users[who]
                await self._open.pop(who).transport.close()

    def _new(self) -> CadConnection:
        return CadConnection.over(
            self._open_transport(),
            budget_share=self._budget_share,
            spent=self._spent,
            clock=self._clock,
        )


def build_client(settings: GuildSettings, connection: CadConnection) -> InspectableCad:
    """Use the version of the CAD's API that the settings name; by default the CAD decides."""
    who = _credentials(settings)
    client_v1 = V1Client(connection.v1.new_user(), who, on_variant_change=_log_variant)
    client_v2 = V2Client(connection.v2.new_user(), who)
    match settings.sonoran_api_version:
        case 1:
            return client_v1
        case 2:
            return client_v2
        case _:
            return AutoClient(client_v1, client_v2, connection.clock, _log_choice)


def _credentials(settings: GuildSettings) -> Credentials:
    return Credentials(settings.sonoran_community_id, settings.sonoran_api_key.get_secret_value())


def _log_choice(api: ApiStatus) -> None:
    refusals = [f"API {version} refuses: {error}" for version, error in api.refusals.items()]
    _log.info("the CAD's API %s is used%s", api.version, "".join(f"; {one}" for one in refusals))


def _log_variant(variant: AttachVariant) -> None:
    _log.info("this CAD takes attachments as %s at %s", variant.type, variant.path)
