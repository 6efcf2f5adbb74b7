"""All ways in which an id of the CAD is written, and texts that are no id."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st

BASE = 0x0110_0001_0000_0000


LAST = 2**32 - 1


FORMATS = ("{hex}", "{HEX}", "{steam64}", "steam:{hex}", "STEAM:{HEX}")


# Everything that people copy from somewhere, of one account.
SPELLINGS: dict[str, Callable[[int], str]] = {
    "SteamID64": lambda account: f"{BASE + account}",
    "SteamID64 with spaces": lambda account: f"  {BASE + account}\n",
    "hex": lambda account: f"{BASE + account:x}",
    "HEX": lambda account: f"{BASE + account:X}",
    "STEAM_0": lambda account: f"STEAM_0:{account % 2}:{account // 2}",
    "STEAM_1": lambda account: f"STEAM_1:{account % 2}:{account // 2}",
    "steam_0": lambda account: f"steam_0:{account % 2}:{account // 2}",
    "SteamID3": lambda account: f"[U:1:{account}]",
    "SteamID3 without brackets": lambda account: f"u:1:{account}",
    "address": lambda account: f"https://steamcommunity.com/profiles/{BASE + account}",
    "address of a page": lambda account: (
        f"http://www.steamcommunity.com/profiles/{BASE + account}/inventory/?l=english#top"
    ),
    "address without scheme": lambda account: f"SteamCommunity.com/profiles/{BASE + account}/",
}


accounts = st.integers(1, LAST)


formats = st.sampled_from(FORMATS)


pieces = st.sampled_from(
    [
        "STEAM_",
        "[U:1:",
        "]",
        "0:1:",
        "76561198836490351",
        "1100001343a206f",
        "license:",
        ":",
        "https://steamcommunity.com/",
        "profiles/",
        "id/",
        "/",
        "{hex}",
        "\x00",
        "\u200b",
        "٣",
        "\n",
    ]
)


hostile = st.one_of(
    st.text(max_size=300), st.lists(st.one_of(pieces, st.text(max_size=3)), max_size=8).map("".join)
)


# What a CAD may hold and people copy from there, beside what Steam itself writes.
STORED: dict[str, Callable[[int], str]] = {
    "steam:hex": lambda account: f"steam:{BASE + account:x}",
    "STEAM:HEX": lambda account: f"STEAM:{BASE + account:X}",
    "Steam:hex": lambda account: f"Steam:{BASE + account:x}",
    "steam:SteamID64": lambda account: f"steam:{BASE + account}",
}


ALL = SPELLINGS | STORED

# All of those that may be stored as an id; an address is read only where it is pasted.
IDS = {name: write for name, write in ALL.items() if "address" not in name}
