"""The initial data of the sandbox: its community, people, units and calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sandbox.cad.api.matching_units import Target
from sandbox.cad.state.models import (
    Account,
    Badge,
    CallForm,
    Community,
    EmergencyForm,
    Note,
    Page,
    Server,
    UnitStatus,
)
from sandbox.cad.state.sample_layouts import FIRE_LAYOUT, MEDICAL_LAYOUT
from sandbox.cad.state.world import CadWorld, utc_now

COMMUNITY_ID = "sandbox"
API_KEY = "sandbox-key"
SERVER_ID = 1

ARMED_ROBBERY = 100
TRAFFIC_STOP = 101
STRUCTURE_FIRE = 102


@dataclass(frozen=True, slots=True)
class Person:
    """A person of the sandbox: SteamID64 and unit number; the API id is the SteamID64 in hex."""

    name: str
    steam64: int
    unit_number: str | None = None

    @property
    def hex(self) -> str:
        """The Steam id in the CAD's form: hex digits in lower case, without a prefix."""
        return f"{self.steam64:x}"


DANA = Person("Dana", 76561198037463868)
PAT = Person("Pat", 76561198836490351, "A-12")
ALICE = Person("Alice", 76561198112233441, "A-7")
BOB = Person("Bob", 76561198112233502, "M-3")
CHARLIE = Person("Charlie", 76561198112233563, "E-51")
ERIN = Person("Erin", 76561198112233624)
VIC = Person("Vic", 76561198112233685)
PEOPLE = (DANA, PAT, ALICE, BOB, CHARLIE, ERIN, VIC)

# On duty in the CAD, without a Discord member.
RILEY = Person("Riley", 76561198112233746, "K-9")
SAM = Person("Sam", 76561198112233807, "B-21")
TAYLOR = Person("Taylor", 76561198112233868, "R-2")
JORDAN = Person("Jordan", 76561198112233929, "S-1")
MORGAN = Person("Morgan", 76561198112233990, "D-1")

# Not on duty; their ids have other forms in the CAD than the ids above.
CASEY = Person("Casey", 76561198112234059)
QUINN = Person("Quinn", 76561198112234131)
CASEYS_ID = f"STEAM:{CASEY.hex.upper()}"
QUINNS_ID = "license:5e3a7c1f9b2d4e6f8a0b1c2d3e4f5a6b7c8d9e0f"

_DISTRICTS = {"LSPD": "Los Santos", "BCSO": "Blaine County"}
_POLICE = frozenset({"police", "selfDispatch"})
_DISPATCH = frozenset({"dispatch", "police"})


def build_world(now: Callable[[], datetime] = utc_now) -> CadWorld:
    """Build one community on the plan Plus, with one server, units on duty and open calls."""
    community = Community(COMMUNITY_ID, API_KEY, layouts=[MEDICAL_LAYOUT, FIRE_LAYOUT])
    world = CadWorld([community], now)
    add_account(community, DANA, _DISPATCH)
    add_account(community, ERIN)
    add_account(community, CASEY, api_id=CASEYS_ID)
    add_account(community, QUINN, api_id=QUINNS_ID)
    server = world.server(COMMUNITY_ID, SERVER_ID)
    for duty in _DUTIES:
        account = add_account(community, duty.person)
        unit = world.login(server, account, duty.badge, is_dispatch=duty.page is Page.DISPATCH)
        unit.status = duty.status
        unit.location = duty.location
    _open_calls(world, server)
    return world


def add_account(
    community: Community,
    person: Person,
    permissions: frozenset[str] = _POLICE,
    api_id: str | None = None,
) -> Account:
    """Add the account of a person; its API id is the SteamID64 in hex unless another is given."""
    # Derived from the id, so that every start of the sandbox has the same accounts.
    uuid = f"00000000-0000-4000-8000-{person.steam64 % 10**12:012d}"
    account = Account(
        uuid, person.name.lower(), api_ids=(api_id or person.hex,), permissions=permissions
    )
    community.accounts[uuid] = account
    return account


@dataclass(frozen=True, slots=True)
class _Duty:
    person: Person
    surname: str
    department: str
    subdivision: str
    rank: str
    location: str
    page: Page = Page.POLICE
    status: UnitStatus = UnitStatus.AVAILABLE

    @property
    def badge(self) -> Badge:
        return Badge(
            unit_num=self.person.unit_number or "",
            name=f"{self.person.name} {self.surname}",
            department=self.department,
            district=_DISTRICTS.get(self.department, "San Andreas"),
            subdivision=self.subdivision,
            rank=self.rank,
            page=self.page,
        )


_DUTIES = (
    _Duty(PAT, "Moreno", "LSPD", "Patrol", "Officer", "Mission Row"),
    _Duty(ALICE, "Nguyen", "LSPD", "Patrol", "Officer", "Vinewood"),
    _Duty(BOB, "Okafor", "EMS", "Ambulance", "Paramedic", "Pillbox Hill", Page.EMS),
    _Duty(CHARLIE, "Brandt", "SAFD", "Engine", "Firefighter", "Fire Station 7", Page.FIRE),
    _Duty(RILEY, "Santos", "BCSO", "K-9", "Deputy", "Sandy Shores"),
    _Duty(SAM, "Whitlock", "BCSO", "Patrol", "Deputy", "Route 68", status=UnitStatus.ON_SCENE),
    _Duty(
        TAYLOR,
        "Iverson",
        "SAFD",
        "Rescue",
        "Lieutenant",
        "Strawberry Avenue",
        Page.FIRE,
        UnitStatus.ENROUTE,
    ),
    _Duty(JORDAN, "Castellano", "LSPD", "Supervision", "Sergeant", "Rockford Hills"),
    _Duty(MORGAN, "Ellis", "LSPD", "Dispatch", "Dispatcher", "", Page.DISPATCH),
)


def _open_calls(world: CadWorld, server: Server) -> None:
    world.new_dispatch(server, _ROBBERY)
    world.new_dispatch(server, _STOP, Target(api_ids=(SAM.hex,)))
    world.new_dispatch(server, _FIRE, Target(api_ids=(TAYLOR.hex,)))
    world.call_911(server, _SHOTS)
    world.call_911(server, _CAT)


_ROBBERY = CallForm(
    title="Armed Robbery",
    code="211",
    priority=1,
    block="100",
    address="Innocence Boulevard",
    postal="8092",
    description="Clerk reports a man with a handgun at the counter, still inside.",
    notes=(Note("21:30:12", "D-1", "Silent alarm confirmed by the alarm company."),),
)
_STOP = CallForm(
    title="Traffic Stop",
    code="10-38",
    priority=3,
    block="3400",
    address="Route 68",
    postal="3021",
    description="Blue sedan, XP123BS, two occupants.",
    origin=2,
)
_FIRE = CallForm(
    title="Structure Fire",
    code="10-70",
    priority=2,
    block="700",
    address="Strawberry Avenue",
    postal="9044",
    description="Smoke from the second floor of an apartment house.",
    notes=(
        Note("21:24:40", "D-1", "Caller says all residents are out."),
        Note("21:26:03", "R-2", "Visible flames on side C."),
    ),
)
_SHOTS = EmergencyForm(
    caller="Jane Doe",
    location="Grove Street, Davis",
    description="I heard three shots behind the garages, someone is screaming.",
    meta_data={"postal": "9112", "x": "102.4", "y": "-1938.1", "z": "20.8"},
)
_CAT = EmergencyForm(
    caller="Walter P.",
    location="Mirror Park, by the lake",
    description="My cat is stuck in a tree.",
    is_emergency=False,
    meta_data={"postal": "7108"},
)
