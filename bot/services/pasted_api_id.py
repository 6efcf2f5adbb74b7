"""An API id as it is pasted → as it is stored. Pure."""

from __future__ import annotations

from bot.common import steam_id
from bot.services.link_errors import InvalidApiId, VanityUrl


def parse_api_id(pasted: str, id_format: str) -> str:
    """Return the API id for any spelling that was pasted.

    A Steam id is written as id_format says, with `{hex}`, `{HEX}` or `{steam64}` in it; an id with
    a prefix ("license:abc") is the CAD's own spelling and stays verbatim.

    Raises:
        VanityUrl: a profile address that holds a name instead of the number.
        InvalidApiId: none of the known spellings.
    """
    text = pasted.strip()
    if len(text) > steam_id.API_ID_LIMIT:
        raise InvalidApiId(text[: steam_id.API_ID_LIMIT])
    try:
        account = steam_id.parse_account(text)
    except ValueError:
        error = VanityUrl if steam_id.is_vanity_url(text) else InvalidApiId
        raise error(text) from None
    if account is not None:
        return steam_id.format_id(account, id_format)
    if steam_id.is_prefixed(text):
        return text
    raise InvalidApiId(text)
