"""What can be switched on at the operator: for one module, a share of them, or all (UZ-OFD-04, OF-26)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ofd_mock.uz.disturbance import ACTIONS, POINTS, share_glob, share_mark
from reference.protocol.uz.errors import StandinError, StandinReason
from reference.protocol.uz.message import AckFile, FileStatus, Response, StatusCode
from reference.protocol.uz.standin import AckKind, read_ack_file, read_sync_file
from reference.runtime.faults import FaultRuleError
from tests.ofd_mock.conftest import Bench
from tests.ofd_mock.till import TERMINAL, Till, statuses
from tests.waiting import PATIENCE, eventually

ACK = FileStatus.Acknowledge
ONE, TWO = Till("ZZ000000000001"), Till("ZZ000000000002")


def test_every_point_has_a_sentence_and_actions() -> None:
    assert POINTS.keys() == ACTIONS.keys()
    with pytest.raises(FaultRuleError):
        raise FaultRuleError("action", "x", "y")


@pytest.mark.parametrize(
    ("point", "stored"), [("ofd.request", 0), ("ofd.store.before", 0), ("ofd.store.after", 1)]
)
@pytest.mark.parametrize("action", ["silence", "close", "retry-send", "status"])
def test_answers_are_lost_before_or_after_storing(
    bench: Bench, till: Till, point: str, stored: int, action: str
) -> None:
    bench.fault(point, action, value="0a")
    file = till.bread().full()
    with bench.line() as line:
        line.send(till.request(file).encode())
        if action == "close":
            assert line.read() is None
        elif action == "silence":
            eventually(lambda: bench.events("fault") != [] and waiting(bench) == ["DEAF"])
            line.socket.settimeout(0.2)
            with pytest.raises(TimeoutError):
                line.read()
        else:
            response = line.read()
            assert response is not None
            expected = StatusCode.RetrySend if action == "retry-send" else StatusCode.NotActive
            assert (response.status.code, response.acks) == (expected, ())
    assert len(bench.rows()) == stored
    with bench.line() as line:
        assert statuses(line.ask(till.request(file))) == [ACK]
    (row,) = bench.rows()
    assert row["repeats"] == stored


def waiting(bench: Bench) -> list[str]:
    return [connection._phase.name for connection in bench.process.server._connections]


def test_a_status_that_is_none_is_retry_send(bench: Bench, till: Till) -> None:
    bench.fault("ofd.request", "status", value="zz")
    assert bench.send(till, till.sync()).status.code is StatusCode.RetrySend


def test_slowness_is_lab_time(bench: Bench, till: Till) -> None:
    bench.fault("ofd.request", "delay", delay=40)
    work = bench.start(till.request(till.sync()))
    eventually(lambda: bench.events("fault") != [])
    assert not work.done()
    bench.clock.advance(39)
    assert not work.done()
    bench.clock.advance(1)
    assert statuses(Response.decode(work.result(PATIENCE).data)) == [ACK]


@pytest.mark.parametrize("action", ["close", "silence", "delay"])
def test_connections(bench: Bench, till: Till, action: str) -> None:
    bench.fault("ofd.connect", action, delay=7 if action == "delay" else 0)
    with bench.line() as line:
        line.send(till.request(till.sync()).encode())
        if action == "close":
            assert line.closed()
        elif action == "silence":
            eventually(lambda: waiting(bench) == ["DEAF"])
        else:
            eventually(lambda: waiting(bench) == ["WORK"])
            bench.clock.advance(7)
            assert line.read() is not None


def spoilt(bench: Bench, till: Till, action: str, **fields: object) -> AckFile:
    bench.fault("ofd.ack", action, **fields)
    (ack,) = bench.send(till, till.bread().full()).acks
    return ack


def test_wrong_id_of_a_receipt_and_a_z_report(bench: Bench, till: Till) -> None:
    ack = spoilt(bench, till, "wrong-id")
    assert read_ack_file(ack.body, TERMINAL).receipt_seq == 2
    bench.fault("ofd.ack", "wrong-id")
    file, record = till.close()
    contents = read_ack_file(bench.send(till, file).acks[0].body, TERMINAL)
    assert (contents.close_time - record.close_time).seconds == 1


@pytest.mark.parametrize(("value", "owner"), [("", "ZZ999999999999"), ("ZZ000000000005", "ZZ000000000005")])
def test_wrong_terminal(bench: Bench, till: Till, value: str, owner: str) -> None:
    ack = spoilt(bench, till, "wrong-terminal", value=value)
    assert read_ack_file(ack.body).terminal_id == owner


def test_wrong_kind(bench: Bench, till: Till) -> None:
    assert read_ack_file(spoilt(bench, till, "wrong-kind").body, TERMINAL).kind is AckKind.ZREPORT
    bench.fault("ofd.ack", "wrong-kind")
    contents = read_ack_file(bench.send(till, till.close()[0]).acks[0].body, TERMINAL)
    assert contents.kind is AckKind.RECEIPT


@pytest.mark.parametrize(
    ("action", "size", "reason"),
    [
        ("bad-signature", 90, StandinReason.SIGNATURE),
        ("short", 89, StandinReason.LENGTH),
        ("empty", 0, StandinReason.LENGTH),
    ],
)
def test_spoilt_bytes(bench: Bench, till: Till, action: str, size: int, reason: StandinReason) -> None:
    ack = spoilt(bench, till, action)
    assert (ack.status, len(ack.body)) == (ACK, size)
    with pytest.raises(StandinError) as refused:
        read_ack_file(ack.body, TERMINAL)
    assert refused.value.reason is reason


def test_reject_and_error_in_place_of_an_ack(bench: Bench, till: Till) -> None:
    assert spoilt(bench, till, "reject").status is FileStatus.Reject
    error = spoilt(bench, till, "error")
    assert (error.status, error.header) == (FileStatus.Error, b"ordered.trace")
    assert len(bench.rows()) == 2


def test_retry_send_after_storing(bench: Bench, till: Till) -> None:
    bench.fault("ofd.ack", "retry-send")
    assert bench.send(till, till.bread().full()).status.code is StatusCode.RetrySend
    assert len(bench.rows()) == 1


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        ("wrong-terminal", StandinReason.TERMINAL),
        ("wrong-id", StandinReason.CHALLENGE),
        ("bad-signature", StandinReason.SIGNATURE),
        ("wrong-kind", None),
    ],
)
def test_sync_files_can_be_wrong_too(
    bench: Bench, till: Till, action: str, reason: StandinReason | None
) -> None:
    bench.fault("ofd.ack", action, match={"file": "c9"})
    (receipt, sync) = bench.send(till, till.bread().full(), till.sync()).acks
    read_ack_file(receipt.body, TERMINAL)
    if reason is None:
        read_sync_file(sync.body, TERMINAL, b"challeng")
        return
    with pytest.raises(StandinError) as refused:
        read_sync_file(sync.body, TERMINAL, b"challeng")
    assert refused.value.reason is reason


# --- whom it strikes ------------------------------------------------------------------------------------


def struck(bench: Bench, till: Till, *files: object) -> bool:
    return bench.send(till, *(files or (till.sync(),))).status.code is StatusCode.RetrySend  # type: ignore[arg-type]


def test_one_module(bench: Bench) -> None:
    bench.fault("ofd.request", "retry-send", count=None, match={"terminal": ONE.terminal})
    assert struck(bench, ONE)
    assert not struck(bench, TWO)
    assert struck(bench, ONE)


def test_a_file_type(bench: Bench, till: Till) -> None:
    bench.fault("ofd.request", "retry-send", count=None, match={"file": "*02*"})
    file, _ = till.close()
    assert not struck(bench, till, till.bread().full())
    assert struck(bench, till, file)
    assert struck(bench, till, till.bread().full(), file)


def test_a_file_type_among_acks(bench: Bench, till: Till) -> None:
    bench.fault("ofd.ack", "reject", count=None, match={"file": "03"})
    response = bench.send(till, till.bread().full(), till.bread().short(), till.close()[0])
    assert [ack.status for ack in response.acks] == [ACK, FileStatus.Reject, ACK]


def test_a_share_of_the_modules_is_always_the_same(bench: Bench) -> None:
    answer = bench.order("disturb", point="ofd.request", action="retry-send", share=0.3)
    assert set(answer["match"]) == {"terminal", "share"}
    tills = [Till(f"ZZ{at:012d}") for at in range(200)]
    first = [struck(bench, till) for till in tills]
    assert first == [struck(bench, till) for till in tills]
    assert 40 <= sum(first) <= 80
    bench.process.faults.clear()
    bench.order("disturb", point="ofd.request", action="retry-send", share=0.6)
    wider = [struck(bench, till) for till in tills]
    assert all(wide for small, wide in zip(first, wider, strict=True) if small)
    assert sum(wider) > sum(first)


def test_disturb_takes_file_type_time_and_count(bench: Bench, till: Till) -> None:
    bench.order(
        "disturb", point="ofd.request", action="retry-send", terminal="ZZ*", file="*c9*", seconds="1m", skip=1
    )
    assert [struck(bench, till) for _ in range(3)] == [False, True, True]
    bench.clock.advance(60)
    assert not struck(bench, till)


@pytest.mark.parametrize("share", [0.01, 0.25, 0.5, 0.99])
def test_share_globs_select_that_share(share: float) -> None:
    from fnmatch import fnmatchcase

    chosen = [fnmatchcase(share_mark(f"ZZ{at:012d}", 4), share_glob(share)) for at in range(4000)]
    assert abs(sum(chosen) / 4000 - share) < 0.03


@pytest.mark.parametrize("share", [0, -1, 1.5])
def test_no_such_share(share: float) -> None:
    with pytest.raises(ValueError, match="share"):
        share_glob(share)


def test_a_share_of_one_is_all() -> None:
    assert share_glob(1) == "|*"
    assert share_mark("ZZ000000000000", 0).startswith("|")


def test_blocks_for_a_share(bench: Bench) -> None:
    tills = [Till(f"ZZ{at:012d}") for at in range(100)]

    def blocked() -> list[bool]:
        return [bench.send(t, t.bread().full()).status.code is StatusCode.NotActive for t in tills]

    bench.order("block", terminal="*", share=0.4, seed=3, reason=2)
    first = blocked()
    assert 25 <= sum(first) <= 55
    bench.order("unblock", terminal="*", share=0.4, seed=3)
    assert not any(blocked())
    bench.order("block", terminal="ZZ00000000000?")
    assert blocked() == [True] * 10 + [False] * 90
    bench.order("block")
    assert all(blocked())
    bench.order("unblock", terminal=tills[5].terminal)
    assert [at for at, still in enumerate(blocked()) if not still] == [5]
    bench.order("unblock")
    assert not any(blocked())


def test_a_wrong_action_is_refused_with_those_there_are(bench: Bench) -> None:
    with pytest.raises(FaultRuleError, match=r"bad-signature, crash, empty"):
        bench.fault("ofd.ack", "explode")
    assert replace(bench.process.faults.add(point="ofd.ack", action="short"), hits=0).point == "ofd.ack"
