"""Short ways to write calls, units and people."""

from __future__ import annotations

from bot.cad.codec.readers import read_calls, read_units
from bot.cad.models import Call, Unit
from bot.services.access.policy import Actor
from bot.services.cad_servers import CadServers

GUILD = 10
DISPATCH_ROLE = 77
ONE_SERVER = CadServers(1, {1: ""})


def unit(ident: int, number: str = "", *api_ids: str, name: str = "", department: str = "") -> Unit:
    """Build a unit on duty from what the CAD would send."""
    data = {
        "unitnum": number,
        "name": name,
        "department": department,
        "apiids": list(api_ids),
    }
    (found,) = read_units([{"id": ident, "status": 2, "data": data}])
    return found


def call(call_id: int, title: str = "", *idents: int, code: str = "") -> Call:
    """Build an active call from what the CAD would send."""
    raw = {"callid": call_id, "title": title, "code": code, "idents": list(idents)}
    (found,) = read_calls({"activecalls": [raw]}).dispatch
    return found


def actor(
    *role_ids: int, user_id: int = 1, guild_id: int = GUILD, manages_server: bool = False
) -> Actor:
    """Build a person who asks for something."""
    return Actor(user_id, guild_id, frozenset(role_ids), manages_server)
