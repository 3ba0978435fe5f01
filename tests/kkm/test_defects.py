"""Every deliberate mistake is found by the test that guards its rule."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from reference.kkm.defects import DEFECTS, UnknownDefectError, rules_with_defects
from reference.kkm.settings import RegisterSettings
from reference.protocol.kz.client import Mode
from tests.fakes.ofd import ScriptedOfd
from tests.kkm import test_offline as offline
from tests.kkm import test_online as online
from tests.kkm import test_shift as shift
from tests.kkm.rig import Rig

Make = Callable[..., Rig]


def with_rig(test: Callable[..., None], *more: Any) -> Callable[[Make, ScriptedOfd], None]:
    """Run a test that takes a rig and perhaps the OFD and parameters."""

    def run(make: Make, ofd: ScriptedOfd) -> None:
        wanted = test.__code__.co_varnames[: test.__code__.co_argcount]
        given = {"rig": make, "ofd": ofd, "make_rig": make}
        first = [given[name]() if name == "rig" else given[name] for name in wanted if name in given]
        test(*first, *more)

    return run


CAUGHT = {
    "token-not-stored": with_rig(online.test_tokens_and_numbers),
    "token-of-refusals-ignored": with_rig(online.test_token_of_a_refusal_is_stored),
    "token-zero-taken": with_rig(online.test_token_of_a_refusal_is_stored),
    "reqnum-kept": with_rig(online.test_tokens_and_numbers),
    "reqnum-wraps-at-65534": with_rig(online.test_number_wraps, 0),
    "new-number-on-repeat": with_rig(offline.test_packet_in_flight),
    "ping-before-in-flight": with_rig(offline.test_packet_in_flight),
    "queue-out-of-order": with_rig(offline.test_queue_in_order),
    "queue-lost-on-restart": with_rig(offline.test_queue_survives_a_loss_of_power),
    "reqnum-lost-on-restart": with_rig(offline.test_queue_survives_a_loss_of_power),
    "in-flight-dropped": with_rig(offline.test_packet_in_flight),
    "queue-skips-refused": with_rig(offline.test_refused_message_blocks_the_queue, 13),
    "offline-number-missing": with_rig(offline.test_queue_in_order),
    "autonomous-sign-reused": with_rig(offline.test_numbers_of_one_second),
    "offline-flag-missing": with_rig(offline.test_queue_in_order),
    "offline-period-missing": with_rig(offline.test_packet_in_flight),
    "end-time-not-refreshed": with_rig(offline.test_packet_in_flight),
    "offline-limit-at-71h": with_rig(offline.test_limit_of_72_hours),
    "offline-limit-inclusive": with_rig(offline.test_limit_of_72_hours),
    "offline-limit-ignored": with_rig(offline.test_limit_of_72_hours),
    "sells-when-server-blocked": with_rig(online.test_refusals_of_a_new_document, 15, Mode.SERVER_BLOCKED),
    "sells-with-invalid-token": with_rig(online.test_refusals_of_a_new_document, 2, Mode.TOKEN_INVALID),
    "sells-when-queue-blocked": with_rig(offline.test_refused_message_blocks_the_queue, 13),
    "shift-limit-ignored": with_rig(shift.test_warned_then_refused, False),
    "withdraws-more-than-drawer": with_rig(offline.test_own_drawer),
    "vat-from-price-before-discount": with_rig(online.test_sale_on_the_wire),
    "change-in-cash": with_rig(online.test_sale_on_the_wire),
    "storno-counted-as-position": with_rig(online.test_counts_of_a_shift),
    "non-nullable-reset-at-z": with_rig(online.test_counts_of_a_shift),
    "z-number-skipped": with_rig(online.test_z_of_the_answer_is_printed),
    "counters-not-taken-over": with_rig(online.test_counters_are_taken_from_info),
    "counters-taken-over-early": with_rig(offline.test_counters_not_taken_while_queued),
}


def test_the_table() -> None:
    assert list(DEFECTS) == list(CAUGHT)
    for defect in DEFECTS.values():
        assert re.fullmatch("[a-z0-9-]+", defect.name)
        assert defect.clause.startswith("kz-ofd ")
    with pytest.raises(UnknownDefectError, match="'sells-cheap' is not one of"):
        rules_with_defects(RegisterSettings(defects=("sells-cheap",)))


@pytest.mark.parametrize("name", CAUGHT)
def test_caught(make_rig: Make, ofd: ScriptedOfd, name: str) -> None:
    def make(**settings: Any) -> Rig:
        return make_rig(**settings, defects=(name,))

    with pytest.raises((AssertionError, IndexError)):
        CAUGHT[name](make, ofd)


@pytest.mark.parametrize("name", CAUGHT)
def test_the_guards_pass_without(make_rig: Make, ofd: ScriptedOfd, name: str) -> None:
    CAUGHT[name](make_rig, ofd)
