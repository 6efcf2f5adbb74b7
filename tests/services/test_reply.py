"""The address of a private reply."""

from __future__ import annotations

from bot.services.reply import ReplyAddress


def test_the_token_is_a_secret_and_in_no_repr():
    address = ReplyAddress(6, "a-token", reply_id=5)
    assert "a-token" not in repr(address)
    assert address != ReplyAddress(6, "another-token", reply_id=5)
