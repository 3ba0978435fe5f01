"""Seeded chance: the same everywhere, apart by name, and only the fresh seed from the system."""

from __future__ import annotations

import hashlib
import random

from hypothesis import given
from hypothesis import strategies as st

from reference.runtime.chance import fresh_seed, generator, secret, secret_digits, token_bytes
from tests.runtime.children import run


def test_generator_grows_from_sha256_of_seed_and_name():
    digest = hashlib.sha256(b"4711\0module ZZ000000000000").digest()
    expected = random.Random(int.from_bytes(digest))
    rng = generator(4711, "module ZZ000000000000")
    assert [rng.random() for _ in range(5)] == [expected.random() for _ in range(5)]


def test_rolls_are_the_same_in_another_process():
    script = "from reference.runtime.chance import *; print(token_bytes(generator(-5, 'чек'), 8).hex())"
    assert run(script).stdout.strip() == token_bytes(generator(-5, "чек"), 8).hex()


@given(st.integers(), st.integers(), st.text(), st.text())
def test_other_seed_or_name_gives_other_rolls(seed: int, other: int, name: str, another: str):
    assert (token_bytes(generator(seed, name), 16) == token_bytes(generator(other, another), 16)) == (
        (seed, name) == (other, another)
    )


def test_fresh_seeds_differ_and_are_exact_json_numbers():
    seeds = {fresh_seed() for _ in range(100)}
    assert len(seeds) == 100
    assert all(0 <= seed < 2**48 for seed in seeds)


def test_token_has_the_length_asked_for():
    rng = generator(1, "token")
    assert [len(token_bytes(rng, n)) for n in (0, 1, 32)] == [0, 1, 32]


def test_secrets_do_not_repeat_and_have_their_length():
    assert len({secret() for _ in range(100)}) == 100
    assert len(secret(32)) == 43
    digits = [secret_digits(6) for _ in range(100)]
    assert all(len(code) == 6 and code.isdigit() for code in digits)
    assert len(set(digits)) > 90
