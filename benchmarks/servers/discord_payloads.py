"""What Discord sends to the bots that are measured, with the fields that discord.py reads."""

from __future__ import annotations

import json
from typing import Any

APPLICATION_ID = 1200000000000000001
GUILD_ID = 1100000000000000001
ROLE_ID = 1100000000000000002
CHANNEL_ID = 1100000000000000003
FIRST_MEMBER_ID = 1400000000000000000

USER = {
    "id": str(APPLICATION_ID),
    "username": "dispatch",
    "discriminator": "0",
    "global_name": None,
    "avatar": None,
    "bot": True,
}
APPLICATION = {
    "id": str(APPLICATION_ID),
    "name": "dispatch",
    "description": "",
    "icon": None,
    "bot_public": False,
    "bot_require_code_grant": False,
    "verify_key": "",
    "owner": USER,
    "flags": 0,
}
_ROLE = {
    "id": str(ROLE_ID),
    "name": "Dispatch",
    "color": 0,
    "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
    "hoist": False,
    "position": 1,
    "permissions": "0",
    "managed": False,
    "mentionable": False,
    "flags": 0,
}
_CHANNEL = {"id": str(CHANNEL_ID), "name": "dispatch", "type": 0, "position": 0}
GUILD = {
    "id": str(GUILD_ID),
    "name": "Los Santos",
    "owner_id": str(FIRST_MEMBER_ID),
    "features": [],
    "roles": [_ROLE | {"id": str(GUILD_ID), "name": "@everyone", "position": 0}, _ROLE],
    "channels": [_CHANNEL | {"permission_overwrites": []}],
    "members": [],
}
MESSAGE: dict[str, Any] = {
    "channel_id": str(CHANNEL_ID),
    "author": USER,
    "timestamp": "2026-01-01T00:00:00+00:00",
    "edited_timestamp": None,
    "tts": False,
    "mention_everyone": False,
    "mentions": [],
    "mention_roles": [],
    "attachments": [],
    "embeds": [],
    "pinned": False,
    "type": 20,
}


def attach_interaction(number: int, member_id: int, call_id: int) -> dict[str, Any]:
    """Return the event of an `/attach` in which a member names themselves."""
    user = USER | {"id": str(member_id), "username": f"member{member_id}", "bot": False}
    return {
        "id": str(1500000000000000000 + number),
        "application_id": str(APPLICATION_ID),
        "type": 2,
        "token": f"token-{number}",
        "version": 1,
        "attachment_size_limit": 10_485_760,
        "locale": "en-US",
        "guild_locale": "en-US",
        "guild_id": str(GUILD_ID),
        "guild": {"id": str(GUILD_ID), "features": [], "locale": "en-US"},
        "channel_id": str(CHANNEL_ID),
        "channel": _CHANNEL,
        "app_permissions": "0",
        "entitlements": [],
        "authorizing_integration_owners": {"0": str(GUILD_ID)},
        "context": 0,
        "member": {
            "user": user,
            "roles": [str(ROLE_ID)],
            "joined_at": "2026-01-01T00:00:00+00:00",
            "permissions": "0",
            "flags": 0,
            "deaf": False,
            "mute": False,
        },
        "data": {
            "id": "1",
            "name": "attach",
            "type": 1,
            "guild_id": str(GUILD_ID),
            "options": [
                {"name": "call", "type": 3, "value": str(call_id)},
                {"name": "units", "type": 3, "value": f"<@{member_id}>"},
            ],
        },
    }


def acknowledgement(interaction_id: str) -> str:
    """Return the answer to the callback of an interaction, which begins a private reply."""
    message = MESSAGE | {"id": str(int(interaction_id) + 1), "content": "", "flags": 192}
    return json.dumps(
        {
            "interaction": {
                "id": interaction_id,
                "type": 2,
                "response_message_id": message["id"],
                "response_message_loading": True,
                "response_message_ephemeral": True,
            },
            "resource": {"type": 5, "message": message},
        }
    )


def command(sent: dict[str, Any]) -> dict[str, Any]:
    """Return a command as Discord shows it after it was registered."""
    return (
        {"description": ""}
        | sent
        | {
            "id": "1",
            "application_id": str(APPLICATION_ID),
            "default_member_permissions": None,
            "version": "1",
        }
    )
