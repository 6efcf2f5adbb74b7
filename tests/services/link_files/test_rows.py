"""The rows of a table: ids and names are read, and every bad line is named."""

from __future__ import annotations

import pytest

from bot.services.link_files.rows import (
    MAX_ERRORS,
    LineError,
    LineErrorKind,
    ParsedFile,
    Row,
)
from bot.ui.link_files.import_report import error_line
from tests.services.link_files.file_samples import (
    ALEX,
    HEADER,
    HEX,
    PAT,
    ROUNDED,
    STEAM64,
    error_lines,
    members,
    read,
)


class TestSteam:
    @pytest.mark.parametrize(
        "cell",
        [
            STEAM64,
            f"'{STEAM64}",
            f'="{STEAM64}"',
            HEX.upper(),
            "STEAM_0:1:438112311",
            "[U:1:876224623]",
            f"https://steamcommunity.com/profiles/{STEAM64}/",
        ],
    )
    @pytest.mark.parametrize("header", ["steam", "Steam ID", "hex", "steam_id_64"])
    def test_every_spelling_is_converted(self, cell: str, header: str) -> None:
        parsed = read(f"discord_id;{header}\n{PAT};{cell}\n")
        assert parsed == ParsedFile((Row(2, int(PAT), HEX),), ())

    def test_as_the_community_writes_them(self) -> None:
        parsed = read(f"discord_id,steam\n{PAT},{STEAM64}\n", id_format="STEAM:{HEX}")
        assert parsed.rows[0].api_id == f"STEAM:{HEX.upper()}"

    @pytest.mark.parametrize("header", ["steam", "api_id"])
    def test_with_a_prefix_they_are_the_cads_own(self, header: str) -> None:
        parsed = read(f"discord_id,{header}\n{PAT},STEAM:{HEX.upper()}\n")
        assert parsed.rows[0].api_id == f"STEAM:{HEX.upper()}"

    def test_in_a_column_of_api_ids_nothing_is_converted(self) -> None:
        assert read(f"{HEADER}{PAT},{STEAM64}\n").rows[0].api_id == STEAM64

    @pytest.mark.parametrize(
        ("cell", "words"),
        [
            (
                "Pat",
                "line 2: 'Pat' is not a Steam id (7656119…, STEAM_0:…, [U:1:…], 1100001…)",
            ),
            (
                "https://steamcommunity.com/id/pat",
                "line 2: 'https://steamcommunity.com/id/pat' has a custom name, not the Steam id",
            ),
            (
                "7.65612E+16",
                f"line 2: '7.65612E+16' {ROUNDED}",
            ),
            (
                "'7.65612E+16",
                "line 2: '7.65612E+16' is not a Steam id (7656119…, STEAM_0:…, [U:1:…], 1100001…)",
            ),
            ("", "line 2: the API id is empty"),
        ],
    )
    def test_what_is_none(self, cell: str, words: str) -> None:
        assert error_lines(f"discord_id,steam\n{PAT},{cell}\n") == [words]


class TestNames:
    @pytest.mark.parametrize("cell", ["pat", "Pat", "@PAT", "'@pat", PAT, f"<@{PAT}>"])
    def test_members_are_found_by_name(self, cell: str) -> None:
        assert read(f"member,api_id\n{cell},a\n", members).rows == (Row(2, int(PAT), "a"),)

    def test_unless_there_are_ids(self) -> None:
        assert read(f"name,discord_id,api_id\nsam,{PAT},a\n", members).rows[0].discord_id == int(
            PAT
        )

    @pytest.mark.parametrize(
        ("cell", "words"),
        [
            ("vic", "line 2: no member of this server is called 'vic'"),
            ("Sam", "line 2: several members are called 'Sam' (1, 2); use the Discord id"),
            ("", "line 2: '' is not a Discord user id (15 to 20 digits)"),
            ("jos\udce9", "line 2: 'jos\\udce9' is not UTF-8 text; save the file as CSV UTF-8"),
        ],
    )
    def test_names_that_do_not_do(self, cell: str, words: str) -> None:
        assert error_lines(f"username,api_id\n{cell},a\n", members) == [words]

    def test_where_the_names_are_unavailable(self) -> None:
        (words,) = error_lines("username,api_id\npat,a\n")
        assert words == (
            "line 2: 'pat' is a name, and members can be found by name only with /links import and"
            " MEMBERS_INTENT; use Discord ids"
        )

    def test_names_are_not_read_without_need(self) -> None:
        def never() -> dict[str, set[int]]:
            raise AssertionError

        assert read(f"username,api_id\n{PAT},a\n", never).rows[0].discord_id == int(PAT)


class TestFaults:
    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("", ""),
            ("\n\n", ""),
            (f"{PAT},a\n", f"{PAT}, a"),
            ("Rank;Callsign\n", "Rank;Callsign"),
            ("a,b\n" * 2, "a, b"),
        ],
    )
    def test_the_headers_say_nothing(self, text: str, shown: str) -> None:
        parsed = read(text)
        assert parsed.rows == ()
        (fault,) = parsed.errors
        assert fault.kind is LineErrorKind.NO_HEADER
        assert error_line(fault).endswith(
            f"the headers {shown!r} name no column of people (discord_id, mention, username) or"
            " none of ids (api_id, steam, license)"
        )

    def test_the_headers_say_too_much(self) -> None:
        assert error_lines(f"discord_id;steam;license\n{PAT};a;b\n") == [
            "line 1: the columns 'steam, license' all could be meant; rename those that are not"
        ]

    @pytest.mark.parametrize(
        ("row", "reason"),
        [
            ("12345678901234,a", LineErrorKind.BAD_DISCORD_ID),
            ("1" * 21 + ",a", LineErrorKind.BAD_DISCORD_ID),
            ("9223372036854775808,a", LineErrorKind.BAD_DISCORD_ID),
            ("012345678901234567,a", LineErrorKind.BAD_DISCORD_ID),
            ("٣٣٣٣٣٣٣٣٣٣٣٣٣٣٣٣٣,a", LineErrorKind.BAD_DISCORD_ID),
            (f"<@{PAT},a", LineErrorKind.BAD_DISCORD_ID),
            (f"{PAT}>,a", LineErrorKind.BAD_DISCORD_ID),
            ("pat,a", LineErrorKind.BAD_DISCORD_ID),
            (",a", LineErrorKind.BAD_DISCORD_ID),
            ("1.23E+17,a", LineErrorKind.ROUNDED_NUMBER),
            ('"1,23457e17",a', LineErrorKind.ROUNDED_NUMBER),
            (PAT, LineErrorKind.EMPTY_API_ID),
            (f"{PAT},  ", LineErrorKind.EMPTY_API_ID),
            (f"{PAT},'", LineErrorKind.EMPTY_API_ID),
            (f"{PAT},7.65612E+16", LineErrorKind.ROUNDED_NUMBER),
            (f'{PAT},"7,65612E+16"', LineErrorKind.ROUNDED_NUMBER),
            (f"{PAT},=1+1", LineErrorKind.FORMULA),
            (f"{PAT},#NAME?", LineErrorKind.FORMULA),
            (f"{PAT},{'a' * 201}", LineErrorKind.LONG_API_ID),
            (f"{PAT},{'a' * 4000}", LineErrorKind.LONG_API_ID),
            (f"{PAT},a b", LineErrorKind.BAD_API_ID),
            (f"{PAT},a\x00b", LineErrorKind.BAD_API_ID),
            (f"{PAT},a\u200bb", LineErrorKind.BAD_API_ID),
            (f'{PAT},"a\nb"', LineErrorKind.BAD_API_ID),
            (f'{PAT},"a"b', LineErrorKind.NOT_CSV),
            (f'{PAT},"never closed\n1,2\n3,4', LineErrorKind.NOT_CSV),
            (f"{PAT},{'a' * 200_000}", LineErrorKind.NOT_CSV),
        ],
    )
    def test_bad_line(self, row: str, reason: LineErrorKind) -> None:
        parsed = read(f"{HEADER}{ALEX},good\n{row}\n")
        assert parsed.rows == (Row(2, int(ALEX), "good"),)
        assert [(fault.line, fault.kind) for fault in parsed.errors] == [(3, reason)]
        said = error_line(parsed.errors[0])
        assert said.startswith("line 3: ")
        assert said.isprintable()
        assert len(said) < 200

    def test_lines_after_a_bad_one_are_read(self) -> None:
        parsed = read(f'{HEADER}{PAT},"a"b\nx,\n"{ALEX}","a\nb"\n{PAT},a\n')
        assert [(fault.line, fault.kind) for fault in parsed.errors] == [
            (2, LineErrorKind.NOT_CSV),
            (3, LineErrorKind.BAD_DISCORD_ID),
            (3, LineErrorKind.EMPTY_API_ID),
            (4, LineErrorKind.BAD_API_ID),
        ]
        assert parsed.rows == (Row(6, int(PAT), "a"),)

    def test_duplicates_name_the_first_line(self) -> None:
        parsed = read(f"{HEADER}{PAT},a\n{ALEX},b\n<@{PAT}>,c\n{PAT},a\n")
        assert [row.line for row in parsed.rows] == [2, 3]
        assert parsed.errors == (
            LineError(4, PAT, LineErrorKind.DUPLICATE, "2"),
            LineError(5, PAT, LineErrorKind.DUPLICATE, "2"),
        )
        assert error_line(parsed.errors[0]) == f"line 4: the Discord id {PAT} is already in line 2"

    def test_the_words_of_a_fault(self) -> None:
        assert error_lines(f"{HEADER}1.23E+17,a\n") == [f"line 2: '1.23E+17' {ROUNDED}"]
        # The content of the file is never used as a format string.
        assert "'{line}'" in error_lines(HEADER + "{line},a\n")[0]

    def test_a_tab_in_what_is_wrong(self) -> None:
        assert all(
            words.isprintable() for words in error_lines(f'discord_id\tapi_id\n{PAT}\t"a"b\n')
        )

    @pytest.mark.parametrize("header", ["discord_id,api_id", "api_id,discord_id"])
    def test_ids_that_a_spreadsheet_has_rounded_without_a_trace(self, header: str) -> None:
        def told_of(rounded: int, others: int) -> list[str]:
            ids = [f"1234567890{n:05}00" for n in range(rounded)]
            ids += [f"1234567890{n:05}01" for n in range(others)]
            rows = [f"{one},99{n}56789012345678" for n, one in enumerate(ids)]
            return error_lines("\n".join([header, *rows]))

        assert told_of(5, 5) == [f"line {2 + n}: '1234567890{n:05}00' {ROUNDED}" for n in range(5)]
        # Some real ids end in zeros.
        assert told_of(4, 0) == []
        assert told_of(5, 6) == []

    @pytest.mark.parametrize("line", ["x,y z\n", f'{PAT},"a"b\n'])
    def test_reading_ends_where_nothing_is_right(self, line: str) -> None:
        parsed = read(f"{HEADER}{PAT},a\n" + line * MAX_ERRORS * 2)
        assert parsed.rows == ()
        assert MAX_ERRORS < len(parsed.errors) < MAX_ERRORS + 3
        assert error_line(parsed.errors[-1]).endswith("reading stopped here after 10,000 bad lines")

    def test_a_line_of_a_million_columns(self) -> None:
        parsed = read(HEADER + "," * 1_000_000 + f"x\n{PAT},a\n" + "," * 1_000_000)
        assert parsed.rows == (Row(3, int(PAT), "a"),)
        assert read("," * 1_000_000 + HEADER).rows == ()
