"""The state of the pretend CAD and its operations, without HTTP."""

from __future__ import annotations

import pytest

from sandbox.cad.api.matching_units import Target
from sandbox.cad.state.change_log import Change, ChangeKind
from sandbox.cad.state.models import CadRefusal, CallForm, CallStatus, UnitStatus
from sandbox.cad.state.seed import (
    ALICE,
    ARMED_ROBBERY,
    BOB,
    ERIN,
    PAT,
    SAM,
    TRAFFIC_STOP,
    build_world,
)
from sandbox.cad.state.world import CadWorld


@pytest.fixture
def world() -> CadWorld:
    return build_world()


def numbers_on(world: CadWorld, call_id: int) -> list[str]:
    server = world.server("sandbox")
    return [server.units[ident].badge.unit_num for ident in server.calls[call_id].idents]


def test_attach_adds_units_in_order_and_once(world: CadWorld) -> None:
    server = world.server("sandbox")
    world.attach(server, ARMED_ROBBERY, Target(api_ids=(PAT.hex, ALICE.hex, PAT.hex)))
    world.attach(server, ARMED_ROBBERY, Target(api_ids=(PAT.hex,)))
    assert numbers_on(world, ARMED_ROBBERY) == ["A-12", "A-7"]


def test_attach_by_account_and_by_unit_id(world: CadWorld) -> None:
    server = world.server("sandbox")
    pat, alice = (next(iter(world.resolve(server, Target((who.hex,))))) for who in (PAT, ALICE))
    world.attach(server, ARMED_ROBBERY, Target(account=pat.account.uuid))
    world.attach(server, ARMED_ROBBERY, Target(ident_ids=(alice.id,)))
    assert numbers_on(world, ARMED_ROBBERY) == ["A-12", "A-7"]


@pytest.mark.parametrize("api_id", [ERIN.hex, "unknown", f"steam:{PAT.hex}", PAT.hex.upper()])
def test_ids_that_are_not_on_duty_attach_no_unit(world: CadWorld, api_id: str) -> None:
    assert world.attach(world.server("sandbox"), ARMED_ROBBERY, Target((api_id,))) == ()
    assert numbers_on(world, ARMED_ROBBERY) == []


def test_prefixes_may_be_made_not_to_count(world: CadWorld) -> None:
    world.behaviour.strip_prefix = True
    world.attach(world.server("sandbox"), ARMED_ROBBERY, Target((f"steam:{PAT.hex}",)))
    assert numbers_on(world, ARMED_ROBBERY) == ["A-12"]


@pytest.mark.parametrize(("single", "left"), [(True, []), (False, ["B-21"])])
def test_a_unit_moves_from_call_to_call(world: CadWorld, single: bool, left: list[str]) -> None:
    world.behaviour.single_call = single
    world.attach(world.server("sandbox"), ARMED_ROBBERY, Target((SAM.hex,)))
    assert numbers_on(world, ARMED_ROBBERY) == ["B-21"]
    assert numbers_on(world, TRAFFIC_STOP) == left


def test_detach_takes_the_unit_off_whatever_call(world: CadWorld) -> None:
    server = world.server("sandbox")
    world.detach(server, Target((SAM.hex,)))
    assert numbers_on(world, TRAFFIC_STOP) == []
    assert server.calls[TRAFFIC_STOP].primary == 0


def test_unknown_call_is_refused_unless_told_to_ignore(world: CadWorld) -> None:
    server = world.server("sandbox")
    with pytest.raises(CadRefusal, match="400 CALL NOT FOUND"):
        world.attach(server, 999, Target((PAT.hex,)))
    world.behaviour.refuse_unknown_call = False
    assert world.attach(server, 999, Target((PAT.hex,))) == ()


def test_a_new_call_has_its_first_unit_as_primary(world: CadWorld) -> None:
    server = world.server("sandbox")
    call = world.new_dispatch(server, CallForm(title="Pursuit"), Target((BOB.hex, PAT.hex)))
    assert call.call_id == 103
    assert call.primary == call.idents[0]
    assert len(call.idents) == 2


def test_a_closed_call_moves_to_the_closed_ones(world: CadWorld) -> None:
    server = world.server("sandbox")
    world.close(server, TRAFFIC_STOP)
    assert TRAFFIC_STOP not in server.calls
    assert [call.call_id for call in server.closed] == [TRAFFIC_STOP]
    assert server.closed[0].status == CallStatus.CLOSED
    with pytest.raises(CadRefusal):
        world.add_note(server, TRAFFIC_STOP, "too late")


def test_logging_out_leaves_the_call(world: CadWorld) -> None:
    server = world.server("sandbox")
    unit = world.resolve(server, Target((SAM.hex,)))[0]
    world.logout(server, unit.id)
    assert numbers_on(world, TRAFFIC_STOP) == []
    assert unit.status == UnitStatus.OFFLINE
    assert world.resolve(server, Target((SAM.hex,))) == ()


def test_unknown_server_and_911_are_refused(world: CadWorld) -> None:
    with pytest.raises(CadRefusal, match="INVALID SERVER ID"):
        world.server("sandbox", 7)
    with pytest.raises(CadRefusal, match="CALL NOT FOUND"):
        world.remove_911(world.server("sandbox"), ARMED_ROBBERY)


def test_observers_hear_what_changed_and_nothing_else(world: CadWorld) -> None:
    server = world.server("sandbox")
    seen: list[Change] = []
    world.on_change(seen.append)
    world.attach(server, ARMED_ROBBERY, Target((SAM.hex,)))
    world.attach(server, ARMED_ROBBERY, Target((SAM.hex, ERIN.hex)))
    world.set_status(server, Target((ERIN.hex,)), UnitStatus.BUSY)
    assert [(change.kind, change.call_id) for change in seen] == [
        (ChangeKind.DETACH, TRAFFIC_STOP),
        (ChangeKind.ATTACH, ARMED_ROBBERY),
    ]
