"""Limits that Discord sets and that several layers count on."""

from __future__ import annotations

from datetime import timedelta

# The token of an interaction: until then its reply can be sent and edited.
INTERACTION_LIFETIME = timedelta(minutes=15)
# For what edits a reply late: time is left for the last edit itself.
REPLY_LIFETIME = INTERACTION_LIFETIME - timedelta(seconds=15)

# Seconds; discord.py sleeps for shorter ones, and raises RateLimited for longer ones. Its least.
LONGEST_RATE_LIMIT = 30.0

LAST_SNOWFLAKE = 2**63 - 1  # ids of Discord are 64-bit numbers with a sign, as in the databases
LAST_SERVER_ID = 999_999_999  # of the CAD's servers: a custom id has room for nine digits
EDIT_GAP = 3.0  # seconds between two edits of one reply; Discord takes five in five seconds

MAX_OPTIONS = 25  # options of a select, and selected members
MAX_OPTION_LENGTH = 100  # characters of an option's label, value and description


def minutes(duration: timedelta) -> int:
    """Return a duration in whole minutes, for texts."""
    return duration // timedelta(minutes=1)
