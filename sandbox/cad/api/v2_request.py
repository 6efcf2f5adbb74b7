"""A v2 request as its endpoint gets it: path, query, body, and the units that it names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sandbox.cad.api import request_fields
from sandbox.cad.api.matching_units import Target
from sandbox.cad.state.models import Account, CadRefusal, Community, Json, Server
from sandbox.cad.state.world import CALL_NOT_FOUND, CadWorld

# No document gives the texts of these refusals; these are guesses.
NO_SERVER = "The server does not belong to this community."
NO_TARGET = "Provide a target."
SEVERAL_TARGETS = "Provide exactly one kind of target."
NO_UNITS = "No unit matches the target."

TARGETS = ("communityUserId", "communityUserIds", "identIds", "discord", "accountUuid")
# What a new call takes instead; reference: docs/sonoran-cad.md, "Targets".
NEW_CALL_TARGETS = ("communityUserIds", "accounts", "discord")


@dataclass(frozen=True, slots=True)
class V2Request:
    """A request of a community; `path` and `query` hold the raw parameters."""

    world: CadWorld
    community: Community
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Json

    @property
    def server(self) -> Server:
        """The server that the path names; refuse an unknown one."""
        server = self.community.servers.get(int(self.path["serverId"]))
        if server is None:
            raise CadRefusal(404, NO_SERVER)
        return server

    @property
    def call_id(self) -> int:
        """The call number in the path; the call may not exist."""
        return int(self.path["callId"])

    def number(self, name: str) -> int:
        """Read a required number from the query."""
        value = self.query.get(name, "")
        if not re.fullmatch(r"\d{1,9}", value, re.ASCII):
            raise CadRefusal(400, f"{request_fields.INVALID_DATA}: {name}")
        return int(value)

    def flag(self, name: str) -> bool:
        """Read a required boolean from the query."""
        value = self.query.get(name)
        if value not in {"true", "false"}:
            raise CadRefusal(400, f"{request_fields.INVALID_DATA}: {name}")
        return value == "true"

    def target(self, known: Sequence[str] = TARGETS) -> Target:
        """Return the units on duty that the body names, as a target with their idents.

        Args:
            known: the kinds of targets that the endpoint takes; it refuses others.
        """
        kinds = [kind for kind in (*TARGETS, *NEW_CALL_TARGETS) if kind in self.body]
        kinds = list(dict.fromkeys(kinds))
        if not kinds or not set(kinds) <= set(known):
            raise CadRefusal(400, NO_TARGET)
        if len(kinds) > 1 and self.world.behaviour.one_target_kind:
            raise CadRefusal(400, SEVERAL_TARGETS)
        idents = dict.fromkeys(
            unit.id
            for kind in kinds
            for target in self._targets(kind)
            for unit in self.world.resolve(self.server, target)
        )
        if not idents and self.world.behaviour.refuse_unknown_units:
            raise CadRefusal(404, NO_UNITS)
        return Target(ident_ids=tuple(idents))

    def _targets(self, kind: str) -> list[Target]:
        if kind == "accounts":
            return [Target(account=uuid) for uuid in request_fields.texts(self.body, kind)]
        return [self._target(kind)]

    def _target(self, kind: str) -> Target:
        match kind:
            case "communityUserId":
                return Target(api_ids=(request_fields.text(self.body, kind),))
            case "communityUserIds":
                return Target(api_ids=request_fields.texts(self.body, kind))
            case "identIds":
                return Target(ident_ids=request_fields.numbers(self.body, kind))
            case "discord":
                account = find_account_by_discord_id(
                    self.community, request_fields.text(self.body, kind)
                )
                return Target(account=account.uuid if account else None)
            case _:
                return Target(account=request_fields.text(self.body, kind))


def find_account_by_discord_id(community: Community, discord_id: str) -> Account | None:
    """Find the account that is linked to a Discord id."""
    for account in community.accounts.values():
        if account.discord_id is not None and str(account.discord_id) == discord_id:
            return account
    return None


def require_call(calls: Mapping[int, object], call_id: int) -> None:
    """Refuse the number of a call that is not open."""
    if call_id not in calls:
        raise CadRefusal(404, CALL_NOT_FOUND)
