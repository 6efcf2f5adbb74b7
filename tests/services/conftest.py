from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox.cad.server import CadServer
from sandbox.cad.state import seed
from tests.fake_time import FakeTime
from tests.services.office import Office
from tests.services.verification.proof_stage import ProofStage


@pytest.fixture(params=[1, 2], ids=["v1", "v2"])
def version(request: pytest.FixtureRequest) -> int:
    """Say which API the CAD speaks."""
    return int(request.param)


@pytest.fixture
async def office(tmp_path: Path, version: int, empty_file: Path) -> AsyncIterator[Office]:
    office = Office(tmp_path / "dispatch.db", version)
    shutil.copy(empty_file, office.file)
    await office.open()
    yield office
    await office.close()


@pytest.fixture
async def stage(tmp_path: Path, version: int, empty_file: Path) -> AsyncIterator[ProofStage]:
    """Open the pretend CAD, with the limits of the real one, and what proves ids with it."""
    time = FakeTime()
    async with CadServer(seed.build_world(), clock=time.monotonic) as cad:
        cad.world.behaviour.rate_limits = True
        stage = ProofStage(tmp_path / "dispatch.db", version, cad, time)
        shutil.copy(empty_file, stage.file)
        await stage.open()
        yield stage
        await stage.close()


v1 = pytest.mark.parametrize("version", [1], indirect=False, ids=["v1"])
v2 = pytest.mark.parametrize("version", [2], indirect=False, ids=["v2"])
