"""Links as JSON: every shape of a file, and what is wrong with an entry."""

from __future__ import annotations

import json

import pytest

from bot.services.link_files.rows import (
    ParsedFile,
    Row,
)
from tests.services.link_files.file_samples import HEX, PAT, STEAM64, error_lines, read


class TestJson:
    @pytest.mark.parametrize(
        "whole",
        [
            [{"discord_id": PAT, "api_id": "steam:1"}],
            [{"Discord ID": int(PAT), "name": None, "API ID": "steam:1", "rank": [1]}],
            {PAT: "steam:1"},
            {f"<@{PAT}>": "steam:1"},
        ],
    )
    @pytest.mark.parametrize("indent", [None, 2])
    def test_spellings_of_one_file(self, whole: object, indent: int | None) -> None:
        parsed = read("\ufeff \n" + json.dumps(whole, indent=indent))
        assert parsed == ParsedFile((Row(1, int(PAT), "steam:1"),), (), "entry")

    def test_steam_ids_are_converted(self) -> None:
        parsed = read(json.dumps([{"user": PAT, "steam": int(STEAM64)}]))
        assert parsed.rows == (Row(1, int(PAT), HEX),)

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            (f'{{"{PAT}": "a", "{PAT}": "b"}}', f"entry 2: the Discord id {PAT} is already in"),
            (f'[{{"discord_id": {PAT}, "api_id": 7.65612E+16}}]', "entry 1: '7.65612E+16' is an"),
            (
                f'[{{"discord_id": "{PAT}", "api_id": "a"}}, 7]',
                "entry 2: this is not an object such as",
            ),
            (f'[{{"discord_id": "{PAT}", "api_id": {{}}}}]', "entry 1: the API id '(not a text)'"),
            (f'[{{"discord_id": "{PAT}", "api_id": NaN}}, 1]', "entry 2: this is not an object"),
            (
                f'[{{"discord_id": "{PAT}", "api_id": "\\ud800"}}]',
                "entry 1: the API id '\\ud800' h",
            ),
            ('[{"api_id": "a"}]', "entry 1: the headers 'api_id' name no column of people"),
            ("[]", "entry 1: the headers '' name no column of people"),
            ('[{"steam":1,"hex":2,"discord_id":3}]', "entry 1: the columns 'steam, hex' all could"),
            ('[\n{"a": 1,}]', "line 2: not readable as JSON ("),
            ("[" * 100_000, "line 1: not readable as JSON (too deep)"),
            ("{" + '"a":{' * 100_000, "line 1: not readable as JSON (too deep)"),
        ],
    )
    def test_what_is_wrong(self, text: str, words: str) -> None:
        (said,) = error_lines(text)
        assert said.startswith(words)
        assert said.isprintable()
