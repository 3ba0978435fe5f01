"""The tax body's decision, alone (kz-ofd §15.6)."""

from random import Random

import pytest

from ofd_mock.kgd.answers import decide, registration_number


def test_silence_has_no_time() -> None:
    assert decide("never", 5, "why", Random(1)).after is None


def test_a_reason_belongs_to_a_no_only() -> None:
    assert decide("no", 5, "why", Random(1)).reason == "why"
    assert decide("yes", 5, "why", Random(1)).reason == ""


def test_both_ends_of_the_time_are_possible() -> None:
    class Ends(Random):
        def __init__(self, high: bool) -> None:
            super().__init__(1)
            self.high = high

        def randint(self, a: int, b: int) -> int:
            return b if self.high else a

    assert decide("yes", None, "", Ends(high=False)).after == 900
    assert decide("yes", None, "", Ends(high=True)).after == 259_200


def test_a_registration_number_is_office_and_running_number() -> None:
    assert registration_number("6203", 4931) == "620300004931"
    for running in (0, -1, 10**8):
        with pytest.raises(ValueError, match="eight digits"):
            registration_number("6203", running)
