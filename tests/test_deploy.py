"""The files that run the bot elsewhere: limits, the health check, and what they are built from."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest
import yaml
from sqlalchemy import make_url

from bot.cad.push.http_push import HttpPushServer
from tests.cad.lifetimes import running

PROJECT = Path(__file__).parents[1]
COMPOSE = yaml.safe_load((PROJECT / "compose.yaml").read_text(encoding="utf-8"))["services"]["bot"]
SEVERAL = yaml.safe_load((PROJECT / "compose.several.yaml").read_text(encoding="utf-8"))["services"]
UNIT = (PROJECT / "deploy" / "dispatch-bot.service").read_text(encoding="utf-8")
WORKFLOWS = sorted((PROJECT / ".github" / "workflows").glob("*.yml"))

# An action by its commit, with the version that this is; Dependabot raises both.
PINNED_ACTION = re.compile(r"[\w-]+/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")


async def health_status(push_listen: str) -> int:
    """Run the health check of compose.yaml as Docker does; return its exit code."""
    check, program, *arguments = COMPOSE["healthcheck"]["test"]
    assert (check, program) == ("CMD", "python")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        env={**os.environ, "PUSH_LISTEN": push_listen},
        stderr=asyncio.subprocess.DEVNULL,
    )
    return await process.wait()


@pytest.mark.process
async def test_a_container_is_healthy_while_its_push_listener_answers() -> None:
    async with running(HttpPushServer("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.port}"
        assert await health_status(address) == 0
        assert await health_status(f" 0.0.0.0:{listener.port} ") == 0
    assert await health_status(address) != 0


@pytest.mark.process
async def test_a_container_without_push_listener_is_healthy() -> None:
    assert await health_status("") == 0


def test_several_bots_share_one_database() -> None:
    bot, database = SEVERAL["bot"], SEVERAL["database"]
    assert bot["deploy"]["replicas"] > 1
    url = make_url(bot["environment"]["DATABASE_URL"])
    assert url.drivername == "postgresql+asyncpg"
    assert url.host in SEVERAL
    assert (url.username, url.database) == (
        database["environment"]["POSTGRES_USER"],
        database["environment"]["POSTGRES_DB"],
    )
    assert bot.keys() - {"environment", "depends_on", "deploy"} <= COMPOSE.keys()


def test_the_image_can_have_the_driver_of_the_database() -> None:
    requirements = SEVERAL["bot"]["build"]["args"]["REQUIREMENTS"]
    assert re.search(r"^asyncpg==", (PROJECT / requirements).read_text(), re.MULTILINE)
    dockerfile = (PROJECT / "Dockerfile").read_text()
    assert re.search(rf"^COPY .*{requirements}", dockerfile, re.MULTILINE)
    assert re.search(r"^ARG REQUIREMENTS=requirements.txt$", dockerfile, re.MULTILINE)
    assert f"!{requirements}" in (PROJECT / ".dockerignore").read_text().splitlines()


def test_memory_and_threads_are_limited_alike() -> None:
    limits = dict(re.findall(r"^(MemoryMax|TasksMax|LimitNOFILE)=(\w+)$", UNIT, re.MULTILINE))
    assert limits.keys() == {"MemoryMax", "TasksMax", "LimitNOFILE"}
    assert COMPOSE["mem_limit"] == limits["MemoryMax"].lower()
    assert str(COMPOSE["pids_limit"]) == limits["TasksMax"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_named_by_digest(path: Path) -> None:
    actions = re.findall(r"uses: (.+)", path.read_text(encoding="utf-8"))
    assert actions
    assert [action for action in actions if not PINNED_ACTION.fullmatch(action)] == []


def test_images_are_named_by_digest() -> None:
    bases = re.findall(r"^FROM (.+)$", (PROJECT / "Dockerfile").read_text(), re.MULTILINE)
    assert bases
    bases += [SEVERAL["database"]["image"]]
    assert [base for base in bases if not re.search(r"@sha256:[0-9a-f]{64}$", base)] == []
