"""What is installed is compiled from the direct requirements, and checked by its hash."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
COMPILED = (
    "requirements.txt",
    "requirements-dev.txt",
    "requirements-postgres.txt",
    "requirements-docs.txt",
    "requirements-audit.txt",
)
INSTALLERS = (
    *("Makefile", "Dockerfile", "README.md", "CONTRIBUTING.md", ".ci/run"),
    *(
        path.relative_to(PROJECT).as_posix()
        for pattern in ("docs/*.md", ".github/workflows/*.yml")
        for path in sorted(PROJECT.glob(pattern))
    ),
)


def read(name: str) -> str:
    return (PROJECT / name).read_text(encoding="utf-8")


def direct_requirements(name: str) -> set[str]:
    """Return the pins of an input file and of those that it includes, as `name==version`."""
    found = set()
    for line in read(name).splitlines():
        if line.startswith("-r "):
            found |= direct_requirements(line.removeprefix("-r "))
        elif line and not line.startswith(("#", "-")):
            found.add(normalised(line))
    return found


def compiled_requirements(text: str) -> dict[str, int]:
    """Return the pins of a compiled file, each with the number of its hashes."""
    lines = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    pins = [pin for pin in re.split(r"\n(?=\S)", lines) if pin.strip()]
    return {normalised(re.split(r"[ ;\\]", pin)[0]): pin.count("--hash=sha256:") for pin in pins}


def normalised(pin: str) -> str:
    """Return a pin as indexes spell it, without extras."""
    name, _, version = pin.partition("==")
    return f"{re.sub('[-_.]+', '-', name.partition('[')[0]).lower()}=={version}"


def unchecked_installs(text: str) -> list[str]:
    """Return the lines that install requirements without checking hashes."""
    lines = re.findall(r"^.*pip install.* -r .*$", text, re.MULTILINE)
    return [line for line in lines if "--require-hashes" not in line]


@pytest.mark.parametrize("name", COMPILED)
def test_every_requirement_has_a_version_and_hashes(name: str):
    pins = compiled_requirements(read(name))
    assert len(pins) > 20
    assert [
        pin for pin, hashes in pins.items() if not hashes or not re.search("==[0-9]", pin)
    ] == []


@pytest.mark.parametrize("name", COMPILED)
def test_the_direct_requirements_are_those_that_are_compiled(name: str):
    direct = direct_requirements(name.replace(".txt", ".in"))
    assert direct
    assert direct - set(compiled_requirements(read(name))) == set()


def test_the_tests_run_with_what_the_bot_runs_with():
    bot, tests = (set(compiled_requirements(read(name))) for name in COMPILED[:2])
    assert bot - tests == set()


def test_nothing_is_installed_unchecked():
    found = {name: unchecked_installs(read(name)) for name in INSTALLERS}
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_an_unchecked_install_is_seen():
    checked = "RUN pip install --require-hashes -r requirements.txt"
    unchecked = ".venv\\Scripts\\python -m pip install -r requirements.txt"
    assert unchecked_installs(f"{checked}\n{unchecked}\n") == [unchecked]
    assert compiled_requirements("a==1 \\\n    --hash=sha256:0\n    # via b\nB_c[d]==2 ; x\n") == {
        "a==1": 1,
        "b-c==2": 0,
    }
