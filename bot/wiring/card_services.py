"""Builds what writes the cards, as the settings say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from bot.config.guild_settings import GuildSettings
from bot.services.cards.card_cleanup import CardCleanup
from bot.services.cards.card_publisher import CardPublisher
from bot.services.cards.card_schedule import CardSettings
from bot.services.cards.guild_cards import GuildCards
from bot.services.cards.overview_writer import OverviewWriter
from bot.services.links.link_service import LinkService
from bot.storage.stores.card_store import CardStore
from bot.ui.calls.card_buttons import buttons_for_card
from bot.ui.calls.card_channel import DiscordCardChannel
from bot.wiring.dependencies import Dependencies


def build_cards(needed: Dependencies, links: LinkService) -> GuildCards:
    """Build a publisher for each channel, with the servers that it shows, and the clean-up."""
    settings, clock = needed.settings, needed.clock
    store = CardStore(needed.database, needed.guild_id)
    server_ids: dict[int, list[int]] = {}  # by channel
    for one in settings.servers:
        if one.channel_id is not None:
            server_ids.setdefault(one.channel_id, []).append(one.server_id)

    def channel(channel_id: int) -> DiscordCardChannel:
        return DiscordCardChannel(
            needed.client, channel_id, buttons_for_card, guild_id=needed.guild_id
        )

    def publisher(channel_id: int) -> CardPublisher:
        shown = channel(channel_id)
        return CardPublisher(
            store,
            needed.board,
            shown,
            partial(shown.links, links),
            _card_settings(settings, channel_id, server_ids[channel_id]),
            servers=needed.servers,
            layouts=needed.layouts,
            overview=OverviewWriter(
                store, shown, channel_id, discord=needed.shared.discord, clock=clock
            )
            if settings.calls_overview
            else None,
            discord=needed.shared.discord,
            clock=clock,
        )

    served = [one for ids in server_ids.values() for one in ids]
    overviews = tuple(server_ids) if settings.calls_overview else ()
    return GuildCards(
        tuple(map(publisher, server_ids)),
        CardCleanup(
            store,
            served,
            channel,
            overview_channels=overviews,
            discord=needed.shared.discord,
            clock=clock,
        ),
    )


def _card_settings(
    settings: GuildSettings, channel_id: int, server_ids: Sequence[int]
) -> CardSettings:
    return CardSettings(
        channel_id=channel_id,
        server_ids=server_ids,
        keep_closed_for=timedelta(minutes=settings.card_keep_minutes),
        ping_role_id=settings.ping_role_id,
        urgent_priorities=settings.urgent_priorities,
    )
