"""The sender's bookkeeping as a plain object: CL-06, CL-08, UNK-16."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.drive.errors import NotActiveError
from reference.drive.outbox import CALM, LARGEST_BATCH, Outbox, Pace

BLOCK = NotActiveError("ZZ000000000000", "unpaid", 1)


def test_receipts_wait_for_more() -> None:
    box = Outbox(Pace(send_delay=5))
    assert box.due is None
    box.receipt_came(100.0, 1)
    assert box.due == 105.0
    box.receipt_came(104.0, 2)
    assert box.due == 109.0


def test_a_steady_stream_does_not_wait_for_ever() -> None:
    box = Outbox(Pace(send_delay=5))
    for second in range(60):
        box.receipt_came(100.0 + second, 1)
    assert box.due == 130.0


def test_a_full_batch_goes_at_once() -> None:
    box = Outbox(Pace())
    box.receipt_came(100.0, LARGEST_BATCH)
    assert box.due == 100.0


def test_back_off_doubles_to_its_maximum_and_ends_with_success() -> None:
    box = Outbox(Pace(send_delay=5, backoff_max=600))
    pauses = []
    now = 0.0
    for _ in range(10):
        box.begin()
        box.failed(now)
        assert box.due is not None
        pauses.append(box.due - now)
        now = box.due
    assert pauses == [5, 10, 20, 40, 80, 160, 320, 600, 600, 600]
    box.begin()
    box.went_well()
    assert (box.due, box.backing_off_until) == (None, 0.0)
    box.failed(now)
    assert box.due == now + 5


def test_back_off_without_a_delay_still_pauses() -> None:
    box = Outbox(Pace(send_delay=0, backoff_max=0.5))
    box.failed(10.0)
    assert box.due == 10.5


def test_a_wake_does_not_shorten_a_back_off_but_a_plug_does() -> None:
    box = Outbox(Pace())
    box.failed(0.0)
    box.wake(1.0)
    assert box.due == 5.0
    box.retry_now(2.0)
    assert box.due == 2.0


def test_hold() -> None:
    box = Outbox(Pace(hold=600))
    box.not_active(100.0, BLOCK)
    assert (box.refusal(699.9), box.held_until, box.due) == (BLOCK, 700.0, 700.0)
    box.retry_now(200.0)
    assert box.due == 700.0
    assert box.refusal(700.0) is None
    box.not_active(100.0, BLOCK)
    box.release(150.0)
    assert (box.refusal(150.0), box.due) == (None, 150.0)


def test_what_comes_while_sending_is_looked_at_again() -> None:
    box = Outbox(Pace())
    box.wake(1.0)
    box.begin()
    box.receipt_came(2.0, 1)
    box.went_well()
    assert box.due == 7.0


@pytest.mark.parametrize(("sent", "then"), [(32, 16), (16, 8), (5, 2), (2, 1)])
def test_halving(sent: int, then: int) -> None:
    box = Outbox(Pace())
    assert box.too_much(sent)
    assert box.batch == then


def test_a_single_file_cannot_be_halved() -> None:
    box = Outbox(Pace())
    assert not box.too_much(1)
    assert box.batch == LARGEST_BATCH


def test_the_batch_grows_again_after_some_calm() -> None:
    box = Outbox(Pace())
    box.too_much(32)
    for _ in range(CALM):
        box.batch_accepted()
    assert box.batch == 32
    for _ in range(CALM + 1):
        box.batch_accepted()
    assert box.batch == 32


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["receipt", "wake", "plug", "begin", "fail", "well", "block", "release", "much"]),
            st.floats(0, 1000),
        )
    )
)
def test_it_never_acts_too_early_nor_forgets(steps: list[tuple[str, float]]) -> None:
    box, now, held = Outbox(Pace()), 0.0, 0.0
    for step, pause in steps:
        now += pause
        match step:
            case "receipt":
                box.receipt_came(now, 1)
            case "wake":
                box.wake(now)
            case "plug":
                box.retry_now(now)
            case "begin":
                box.begin()
            case "fail":
                box.failed(now)
            case "well":
                box.went_well()
            case "block":
                box.not_active(now, BLOCK)
                held = now + 600
            case "release":
                box.release(now)
                held = 0.0
            case "much":
                box.too_much(box.batch)
        assert 1 <= box.batch <= LARGEST_BATCH
        if step in ("receipt", "wake", "plug", "fail", "block", "release"):
            assert box.due is not None
            assert box.due <= now + 600
        if box.due is not None and now < held:
            assert box.due >= held
        assert (box.refusal(now) is not None) == (now < held)


def test_it_counts_on_only_from_where_the_store_was_seen_empty() -> None:
    """CL-08: a full batch is noticed without asking the store for every receipt."""
    box = Outbox(Pace())
    assert box.one_more() is None, "what an earlier run left is not known"
    box.begin()
    came = box.came
    assert box.one_more() is None
    box.emptied(came)
    assert box.one_more() == 2, "the one that came while the sender was at work counts"
    box.begin()
    assert box.one_more() is None, "a round that brought nothing leaves it open"


def test_it_knows_whether_only_receipts_have_come() -> None:
    """Whatever else woke it, and every failure, makes the next round a look at everything."""
    box = Outbox(Pace())
    assert not box.begin(), "what an earlier run left is not known"
    for act in (box.wake, box.retry_now, box.release, box.failed, lambda now: box.not_active(now, BLOCK)):
        box.receipt_came(1.0, 1)
        assert box.begin()
        act(2.0)
        box.receipt_came(3.0, 1)
        assert not box.begin()
