from __future__ import annotations

import json
from pathlib import Path

import pytest

from conformance.events import Direction, Exchange, Layer, Step, StepKind, Verdict
from conformance.outcomes import Outcome
from conformance.replay.transcripts import RecordedCase, TranscriptError, read_cases, read_events
from conformance.reports.transcript import LONG, TranscriptReport

CASE = {"id": "uz.module.a.b", "target": "module"}
LINES = (
    {"event": "CaseStarted", "target": "m", "case": CASE, "lab_time": "2026-07-01T04:00:00.000+00:00"},
    {
        "event": "Exchange",
        "target": "m",
        "case_id": "uz.module.a.b",
        "lab_time": "2026-07-01T04:00:00.001+00:00",
        "layer": "apdu",
        "direction": "received",
        "raw": "9000",
        "about": "00a4040000",
    },
    {"event": "Verdict", "target": "m", "case_id": "uz.module.a.b", "outcome": "pass"},
)


def _written(path: Path, *lines: object, end: str = "") -> Path:
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines) + end, encoding="utf-8")
    return path


def test_events_come_back_as_they_were_written(tmp_path: Path) -> None:
    notes: list[str] = []
    events = list(read_events(_written(tmp_path / "t", *LINES), notes.append))
    assert events[1] == Exchange(
        "m",
        "uz.module.a.b",
        "2026-07-01T04:00:00.001+00:00",
        Layer.APDU,
        Direction.RECEIVED,
        b"\x90\x00",
        bytes.fromhex("00a4040000"),
    )
    (case,) = read_cases(iter(events))
    assert isinstance(case, RecordedCase)
    assert isinstance(case.verdict, Verdict)
    assert case.verdict.outcome is Outcome.PASS
    assert case.exchanges == [events[1]]
    assert notes == []


def test_a_killed_run_ends_in_a_note(tmp_path: Path) -> None:
    notes: list[str] = []
    path = _written(tmp_path / "t", *LINES[:2], end='{"event": "Verd')
    (case,) = read_cases(read_events(path, notes.append))
    assert isinstance(case, RecordedCase)
    assert case.verdict is None
    assert notes == ["line 3 breaks off; what stands before it was read"]


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ([], "line 1: a transcript has lines, this file is empty"),
        (["not an object"], "line 1: a line of a transcript has `event`, one of RunStarted,"),
        ([LINES[0], {"event": "Splendid"}], "line 2: a line of a transcript has `event`"),
        ([{**LINES[1], "raw": "xyz"}], "line 1: Exchange of a transcript: non-hexadecimal number"),
        ([{**LINES[1], "layer": "smoke"}], "'smoke' is not a valid Layer"),
        (
            [{"event": "Verdict", "target": "m", "case_id": "x"}],
            "line 1: Verdict of a transcript: lacks 'outcome'",
        ),
    ],
)
def test_what_is_no_transcript_is_named_by_line_and_rule(
    tmp_path: Path, lines: list[object], problem: str
) -> None:
    path = _written(tmp_path / "t", *lines)
    with pytest.raises(TranscriptError, match=r"t(, line \d+)?: ") as refused:
        list(read_events(path, lambda _: None))
    assert problem in str(refused.value)


def test_text_that_is_no_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_bytes(b"\x00\x01 no transcript\nat all\n")
    with pytest.raises(TranscriptError, match="line 1: a line of a transcript is one JSON object"):
        list(read_events(path, lambda _: None))
    with pytest.raises(TranscriptError, match="No such file"):
        list(read_events(tmp_path / "none", lambda _: None))


def _exchange(direction: Direction, raw: bytes, about: bytes = b"", target: str = "m") -> Exchange:
    return Exchange(
        target, "uz.module.a.b", "2026-07-01T04:00:00.001+00:00", Layer.MESSAGE, direction, raw, about
    )


LONG_RAW = bytes(range(256)) * 40
STREAM: tuple[Exchange | Step, ...] = (
    Step("m", "uz.module.a.b", StepKind.STEP, "open the shift"),
    Step("m", "uz.module.a.b", StepKind.CHECK, "status", True, "9000", "9000", "ZR-07"),
    _exchange(Direction.SENT, b"question"),
    _exchange(Direction.SENT, b"to another", target="n"),
    _exchange(Direction.RECEIVED, b"answer", b"question"),
    _exchange(Direction.RECEIVED, b"late answer", b"an older question"),
    _exchange(Direction.SENT, LONG_RAW),
    _exchange(Direction.CLOSED, b"", LONG_RAW),
    _exchange(Direction.RECEIVED, LONG_RAW[:LONG]),
)


def _told(path: Path) -> list[dict[str, object]]:
    with path.open("w", encoding="utf-8") as file:
        report = TranscriptReport(file)
        for event in STREAM:
            report.take(event)
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_exchanges_come_back_byte_for_byte_whatever_was_left_out(tmp_path: Path) -> None:
    lines = _told(tmp_path / "t")
    assert list(read_events(tmp_path / "t", lambda _: None)) == list(STREAM)
    assert [line.get("about_sent") for line in lines] == [
        None,
        None,
        None,
        None,
        True,
        None,
        None,
        True,
        None,
    ]
    abouts = [(place, line["about"]) for place, line in enumerate(lines) if "about" in line]
    assert abouts == [(5, b"an older question".hex())]
    assert lines[6]["raw"] == LONG_RAW[:256].hex()
    assert lines[6]["raw_bytes"] == len(LONG_RAW)
    assert len(str(lines[6]["raw_packed"])) < 1000
    assert lines[8]["raw"] == LONG_RAW[:LONG].hex()
    assert "raw_packed" not in lines[8]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"raw_bytes": 1}, "another number of bytes than raw_bytes says"),
        ({"raw_bytes": 99999}, "another number of bytes than raw_bytes says"),
        ({"raw_bytes": 1 << 40}, "raw_bytes is 0 to"),
        ({"raw_packed": "AAAA"}, "raw_packed cannot be unpacked"),
        ({"raw_packed": "?"}, "Exchange of a transcript"),
    ],
)
def test_packed_bytes_that_are_not_what_they_say(
    tmp_path: Path, change: dict[str, object], text: str
) -> None:
    line = {**_told(tmp_path / "t")[6], **change}
    with pytest.raises(TranscriptError, match=text):
        list(read_events(_written(tmp_path / "u", line), lambda _: None))


def test_an_answer_to_nothing_that_was_sent_is_refused(tmp_path: Path) -> None:
    line = {**LINES[1], "about_sent": True}
    with pytest.raises(TranscriptError, match="about_sent needs an exchange that was sent before"):
        list(read_events(_written(tmp_path / "t", LINES[0], line), lambda _: None))
