"""Numbers with a check inside, against examples worked out by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ofd_mock.portal.identities import (
    account_check_digits,
    check_account,
    check_digit,
    check_taxpayer,
    normal_account,
)


def test_a_bin_s_check_digit_is_that_of_the_first_row_of_weights() -> None:
    # 9*1+9*2+0+1*4+4*5+0+0+0+0+0+1*11 = 62, and 62 % 11 = 7
    assert check_digit("99014000001") == 7
    assert check_taxpayer("990140000017", with_check_digit=True) is None


def test_where_the_first_row_leaves_ten_the_second_one_counts() -> None:
    # 1*10 = 10 by the first row; by the second the tenth weight is 1: 1
    assert check_digit("00000000010") == 1


def test_a_number_that_leaves_ten_twice_is_never_given_out() -> None:
    # two rows, 7 and 9 in places six and eleven: 6a + 11b leaves 10, 8a + 2b leaves 10
    found = [f"{n:011d}" for n in range(20_000) if check_digit(f"{n:011d}") is None]
    assert found
    for eleven in found[:5]:
        digits = [int(sign) for sign in eleven]
        assert sum((place + 1) * digit for place, digit in enumerate(digits)) % 11 == 10
        finding = check_taxpayer(eleven + "0", with_check_digit=True)
        assert finding is not None
        assert finding.rule == "check-digit"


@pytest.mark.parametrize("number", ["", "12345678901", "1234567890123", "12345678901a", "١٢٣٤٥٦٧٨٩٠١٢"])
def test_a_taxpayer_s_number_has_twelve_plain_digits(number: str) -> None:
    finding = check_taxpayer(number, with_check_digit=False)
    assert finding is not None
    assert (finding.field, finding.rule) == ("inn", "digits")


def test_a_wrong_check_digit_counts_only_where_it_is_asked_for() -> None:
    assert check_taxpayer("348951276584", with_check_digit=False) is None
    wrong = "990140000018"
    finding = check_taxpayer(wrong, with_check_digit=True)
    assert finding is not None
    assert finding.rule == "check-digit"


def test_the_published_example_of_an_account_is_right() -> None:
    # the account that the standard's registry gives for Kazakhstan
    assert check_account("KZ86 125K ZT50 0410 0100") is None
    assert check_account("kz86125kzt5004100100", "125") is None
    assert normal_account(" kz86 125K ") == "KZ86125K"


@pytest.mark.parametrize(
    ("account", "rule"),
    [
        ("", "shape"),
        ("KZ86125KZT500410010", "shape"),
        ("KZ86125KZT50041001000", "shape"),
        ("DE86125KZT5004100100", "shape"),
        ("KZ8612AKZT5004100100", "shape"),
        ("KZ86125KZT500410010-", "shape"),
        ("KZ87125KZT5004100100", "check-digits"),
        ("KZ86125KZT5004100010", "check-digits"),
    ],
)
def test_what_is_no_account_is_told_by_its_rule(account: str, rule: str) -> None:
    finding = check_account(account)
    assert finding is not None
    assert (finding.field, finding.rule) == ("iik", rule)


def test_an_account_of_another_bank_is_refused() -> None:
    finding = check_account("KZ86125KZT5004100100", "319")
    assert finding is not None
    assert finding.rule == "bank"


@given(
    st.from_regex(r"[0-9]{3}", fullmatch=True).filter(str.isascii),
    st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=13, max_size=13),
    st.integers(0, 12),
)
def test_every_account_we_make_is_right_and_any_other_sign_in_it_is_not(
    bank: str, account: str, place: int
) -> None:
    made = f"KZ{account_check_digits(bank, account)}{bank}{account}"
    assert check_account(made, bank) is None
    # of the same kind: a letter counts as two digits, and with one in its place all before it would move
    first, second = "12" if account[place].isdigit() else "AB"
    other = first if account[place] != first else second
    changed = made[: 7 + place] + other + made[8 + place :]
    finding = check_account(changed)
    # signs whose values differ by a multiple of 97 would go unseen; two of one place never do
    assert finding is not None
    assert finding.rule == "check-digits"
