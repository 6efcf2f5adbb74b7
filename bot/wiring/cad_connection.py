"""Builds what speaks with the CAD, as the settings say."""

from __future__ import annotations

import logging
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


def build_client(
    settings: GuildSettings,
    transport: Transport,
    *,
    budget_share: float,
    spent: float = 0.0,
    clock: Clock,
) -> InspectableCad:
    """Use the version of the CAD's API that the settings name; by default the CAD decides.

    Args:
        budget_share: the part of the CAD's rate limits that the bot uses, above 0 up to 1.
        spent: see `RequestSender`.
    """
    who = Credentials(settings.sonoran_community_id, settings.sonoran_api_key.get_secret_value())
    limits = {endpoint: limit.scaled(budget_share) for endpoint, limit in v2.LIMITS.items()}
    client_v1 = V1Client(
        RequestSender(transport, v1.LIMITS, spent=spent, clock=clock),
        who,
        on_variant_change=_log_variant,
    )
    client_v2 = V2Client(RequestSender(transport, limits, spent=spent, clock=clock), who)
    match settings.sonoran_api_version:
        case 1:
            return client_v1
        case 2:
            return client_v2
        case _:
            return AutoClient(client_v1, client_v2, clock, _log_choice)


def _log_choice(api: ApiStatus) -> None:
    refusals = [f"API {version} refuses: {error}" for version, error in api.refusals.items()]
    _log.info("the CAD's API %s is used%s", api.version, "".join(f"; {one}" for one in refusals))


def _log_variant(variant: AttachVariant) -> None:
    _log.info("this CAD takes attachments as %s at %s", variant.type, variant.path)
