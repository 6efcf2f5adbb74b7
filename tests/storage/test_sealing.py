from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.storage.errors import SecretLocked
from bot.storage.sealing import Sealer

OLD, NEW = "o" * 43, "n" * 43
ROW = ("communities", "key", "7", "sandbox")
TEXTS = st.text(st.characters(codec="utf-8"))


@given(secret=TEXTS, bound_to=st.lists(TEXTS))
def test_what_is_sealed_is_opened_for_its_row(secret: str, bound_to: list[str]) -> None:
    sealer = Sealer([OLD])
    sealed = sealer.seal(secret, *bound_to)
    assert sealer.unseal(sealed, *bound_to) == secret
    for other in ([*bound_to, ""], ["x", *bound_to], bound_to[1:] or ["y"]):
        if other != bound_to:
            with pytest.raises(SecretLocked):
                sealer.unseal(sealed, *other)


def test_the_secret_is_not_in_what_is_stored_and_no_two_are_alike() -> None:
    sealer = Sealer([OLD])
    first, second = (sealer.seal("canary-key-value", *ROW) for _ in range(2))
    assert b"canary" not in first
    assert first != second


@given(st.data())
def test_a_changed_byte_locks_it(data: st.DataObject) -> None:
    sealer = Sealer([OLD])
    sealed = bytearray(sealer.seal("canary-key-value", *ROW))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(SecretLocked):
        sealer.unseal(bytes(sealed), *ROW)


@given(st.integers(0, 48))
def test_a_part_of_it_is_locked(length: int) -> None:
    sealer = Sealer([OLD])
    with pytest.raises(SecretLocked):
        sealer.unseal(sealer.seal("canary-key-value", *ROW)[:length], *ROW)


def test_the_first_key_seals_and_all_open() -> None:
    sealed = Sealer([OLD]).seal("canary", *ROW)
    both = Sealer([NEW, OLD])
    assert both.unseal(sealed, *ROW) == "canary"
    assert not both.is_newest(sealed)
    anew = both.seal("canary", *ROW)
    assert both.is_newest(anew)
    assert Sealer([NEW]).unseal(anew, *ROW) == "canary"


@pytest.mark.parametrize("keys", [[], [NEW]])
def test_without_its_key_it_stays_locked(keys: list[str]) -> None:
    sealed = Sealer([OLD]).seal("canary", *ROW)
    sealer = Sealer(keys)
    assert not sealer.is_newest(sealed)
    with pytest.raises(SecretLocked) as caught:
        sealer.unseal(sealed, *ROW)
    assert "canary" not in str(caught.value)
    assert str(caught.value) == (
        "The secret in communities key 7 sandbox cannot be opened: no key of SECRETS_KEYS has"
        " sealed it."
    )


def test_digests_find_a_secret_in_any_letter_case_under_each_key() -> None:
    both = Sealer([NEW, OLD])
    assert both.digests("Key") == [*Sealer([NEW]).digests("kEY"), *Sealer([OLD]).digests("key")]
    assert both.digests("key") != both.digests("kex")
    assert len(set(both.digests("key"))) == 2
