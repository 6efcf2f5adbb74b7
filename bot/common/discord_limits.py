"""Limits that Discord sets and that several layers count on."""

from __future__ import annotations

from datetime import timedelta

# The token of an interaction: until then its reply can be sent and edited.
INTERACTION_LIFETIME = timedelta(minutes=15)
# For what edits a reply late: time is left for the last edit itself.
REPLY_LIFETIME = INTERACTION_LIFETIME - timedelta(seconds=15)

# Seconds; discord.py sleeps for shorter ones, and raises RateLimited for longer ones. Its least.
LONGEST_RATE_LIMIT = 30.0

MAX_OPTIONS = 25  # options of a select, and selected members
MAX_OPTION_LENGTH = 100  # characters of an option's label, value and description


def minutes(duration: timedelta) -> int:
    """Return a duration in whole minutes, for texts."""
    return duration // timedelta(minutes=1)
