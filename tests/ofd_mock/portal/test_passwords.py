"""The rule of the second step of registration (KZ-REG-03)."""

import pytest

from ofd_mock.portal.passwords import check_password


@pytest.mark.parametrize("password", ["Abcdef1!", "aB3_aB3_", "Пароль aB3!", "a" * 124 + "B3!x"])
def test_a_password_with_all_four_kinds_is_taken(password: str) -> None:
    assert check_password(password, password) == []


@pytest.mark.parametrize(
    ("password", "rules"),
    [
        ("", ["length", "upper", "lower", "digit", "special"]),
        ("Abcde1!", ["length"]),
        ("abcdef1!", ["upper"]),
        ("ABCDEF1!", ["lower"]),
        ("Abcdefg!", ["digit"]),
        ("Abcdefg1", ["special"]),
        ("Abcdef 1", ["special"]),
        ("Пароль12!", ["upper", "lower"]),
        ("A1!" + "a" * 126, ["length"]),
    ],
)
def test_everything_that_is_missing_is_said_at_once(password: str, rules: list[str]) -> None:
    assert [finding.rule for finding in check_password(password)] == rules


def test_the_repetition_has_to_be_equal() -> None:
    (finding,) = check_password("Abcdef1!", "Abcdef1?")
    assert (finding.field, finding.rule) == ("password_repeated", "equal")


def test_one_too_long_is_told_apart_from_one_too_short() -> None:
    assert check_password("A1!" + "a" * 126)[0].text.en == "At most 128 characters"
    assert check_password("aA1!")[0].text.en == "At least 8 characters"
