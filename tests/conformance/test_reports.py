from __future__ import annotations

import base64
import io
import json
import re
import zlib
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
from rich.console import Console

from conformance.cases import Registry
from conformance.clauses import read_json
from conformance.context import Context
from conformance.controls import CLOCK_READING
from conformance.drivers.wire import BY_US, RESET_BY_US
from conformance.events import Direction, Exchange, Layer, RunRecord
from conformance.reports.console import ConsoleReport, without_polls
from conformance.reports.html import html_report, write_html
from conformance.reports.json_report import report_json, write_json
from conformance.reports.junit import junit_xml
from conformance.reports.transcript import TranscriptReport, open_transcript
from reference.protocol.uz.message import File, FileType
from tests.conformance.conftest import Judged


def sends_a_file(ctx: Context) -> None:
    ctx.step("ask for the state <b>now</b>")
    query = File(FileType.SyncStateQuery, 1, bytes(8))
    ctx.operator.exchange(ctx.operator.request("ZZ000000000000", [query]).encode())
    ctx.check("9000", "9030 - DATETIME_IS_IN_THE_PAST", "status word")


def breaks(ctx: Context) -> None:
    raise ZeroDivisionError("a \x00 control sign")


@pytest.fixture
def every(registry: Registry) -> Registry:
    bodies = {
        "failing": sends_a_file,
        "passing": lambda ctx: ctx.check(1, 1, "one"),
        "weak": lambda ctx: ctx.should(False, "five", "seven", "number"),
        "open": lambda ctx: ctx.inconclusive("nobody looked"),
        "other": lambda ctx: ctx.not_applicable("no such thing"),
        "broken": breaks,
    }
    for name, body in bodies.items():
        registry.case(
            f"uz.operator.all.{name}",
            target="operator",
            clauses=["OF-13"],
            requirements=["UZ-OFD-01"],
            description=f"The case that is {name}.",
            expectation="The operator <answers>.",
        )(body)
    return registry


def test_the_json_report_fits_its_schema(every: Registry, judged: Judged) -> None:
    report = json.loads(json.dumps(report_json(judged(), every.book)))
    jsonschema.validate(report, read_json("schema/report.schema.json"))
    assert report["summary"] == {
        "pass": 1,
        "pass-non-strict": 1,
        "fail": 1,
        "inconclusive": 1,
        "not-applicable": 1,
        "informational": 0,
        "tool-error": 1,
    }
    assert report["exit_code"] == 3
    failing = next(case for case in report["cases"] if case["id"] == "uz.operator.all.failing")
    assert failing["outcome"] == "fail"
    assert failing["requirements"] == ["UZ-OFD-01"]
    assert failing["steps"][0] == {"kind": "step", "text": "ask for the state <b>now</b>"}
    assert failing["steps"][-1]["observed"] == "9030 - DATETIME_IS_IN_THE_PAST"
    row = next(row for row in report["coverage"] if row["id"] == "UZ-OFD-01")
    assert {case["outcome"] for case in row["cases"]} >= {"pass", "fail", "tool-error"}


def test_an_unreachable_target_still_makes_every_report(every: Registry, judged: Judged) -> None:
    record = judged("operator:tcp://127.0.0.1:1")
    report = json.loads(json.dumps(report_json(record, every.book)))
    jsonschema.validate(report, read_json("schema/report.schema.json"))
    assert report["exit_code"] == 3
    root = ElementTree.fromstring(junit_xml(record))
    assert root.find(".//testcase/error") is not None
    assert "nobody answers" in html_report(record, every.book)


def test_junit_counts_and_tells(every: Registry, judged: Judged) -> None:
    root = ElementTree.fromstring(junit_xml(judged()))
    suite = root.find("testsuite")
    assert suite is not None
    counts = {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "6", "failures": "1", "errors": "1", "skipped": "2"}
    failure = suite.find("testcase[@name='failing']/failure")
    assert failure is not None
    assert failure.get("message", "").startswith("status word: expected 9000")
    assert "again: kassalab run uz.operator.all.failing" in (failure.text or "")
    properties = {
        (each.get("name"), each.get("value"))
        for each in suite.findall("testcase[@name='failing']/properties/property")
    }
    assert {("clause", "OF-13"), ("requirement", "UZ-OFD-01"), ("outcome", "fail")} <= properties
    remark = suite.findtext("testcase[@name='weak']/system-out")
    assert remark == "pass-non-strict: number: seven instead of five"


def test_the_page_holds_everything_and_fetches_nothing(every: Registry, judged: Judged) -> None:
    page = html_report(judged(), every.book)
    assert page.count('<details class="case"') == 6
    for text in (
        "uz.operator.all.failing",
        "A wrong checksum is BadMessageCRC32.",
        "The operator &lt;answers&gt;.",
        "ask for the state &lt;b&gt;now&lt;/b&gt;",
        "9030 - DATETIME_IS_IN_THE_PAST",
        "message request",
        "201 SyncStateQuery",
        "Likely: the time is in the past for the module.",
        "kassalab run uz.operator.all.failing",
        "seed 7",
        "UZ-OFD-01",
    ):
        assert text in page, text
    for fetched in ("http://", "https://", "src=", "@import", "url("):
        assert fetched not in page, fetched


def test_the_transcript_is_one_object_a_line(every: Registry, judged: Judged) -> None:
    text = io.StringIO()
    judged(consumers=[TranscriptReport(text)])
    events = [json.loads(line) for line in text.getvalue().splitlines()]
    assert events[0]["event"] == "RunStarted"
    assert events[-1]["event"] == "RunEnded"
    sent = next(each for each in events if each["event"] == "Exchange" and each["layer"] == "message")
    assert sent["raw"].startswith("068a")
    assert sent["decoded"]["message request"]["terminal_id"] == "ZZ000000000000"
    started = next(each for each in events if each["event"] == "CaseStarted")
    assert started["case"]["clauses"] == ["OF-13"]


def on_console(judged: Judged, every: Registry, *, verbose: bool = False) -> tuple[str, RunRecord]:
    text = io.StringIO()
    console = Console(file=text, width=160, highlight=False)
    record = judged(consumers=[ConsoleReport(console, every.book, verbose=verbose)])
    return text.getvalue(), record


def test_the_console_tells_all_about_a_failure(every: Registry, judged: Judged) -> None:
    shown, _ = on_console(judged, every)
    first, *_ = shown.splitlines()
    assert first.startswith("seed 7")
    for text in (
        "fail            uz.operator.all.failing",
        "clause    OF-13 (uz-fiscal §11.6, D): A wrong checksum is BadMessageCRC32.",
        "expected  9000",
        "observed  9030 - DATETIME_IS_IN_THE_PAST",
        "→ message request",
        "× connection closed",
        "likely    the time is in the past for the module: two operations in one second",
        "again     kassalab run uz.operator.all.failing --target",
        "1 pass, 1 pass-non-strict, 1 fail, 1 inconclusive, 1 not-applicable, 1 tool-error",
    ):
        assert text in shown, text


def test_the_console_hides_what_does_not_apply_unless_asked(every: Registry, judged: Judged) -> None:
    assert "uz.operator.all.other" not in on_console(judged, every)[0]
    assert "uz.operator.all.other" in on_console(judged, every, verbose=True)[0]


def test_a_case_of_many_exchanges_loses_its_middle_on_the_page_only(
    registry: Registry, judged: Judged
) -> None:
    def body(ctx: Context) -> None:
        for number in range(400):
            ctx.exchanged(Layer.LINK, Direction.SENT, number.to_bytes(2, "big"))

    registry.case(
        "uz.operator.many.many", target="operator", clauses=["OF-13"], description="D.", expectation="E."
    )(body)
    record = judged()
    assert len(record.cases[0].exchanges) == 400
    packed = re.findall(r'data-packed="([^"]+)"', html_report(record, registry.book))
    shown = zlib.decompress(base64.b64decode(packed[0])).decode()
    assert "320 entries left out here" in shown
    assert shown.count('<li class="exchange sent">') == 80


def test_looking_again_and_again_does_not_bury_what_came_before() -> None:
    def crossed(layer: Layer, direction: Direction, raw: bytes, about: bytes = b"") -> Exchange:
        return Exchange("register", "kz.case", "", layer, direction, raw, about)

    def look(answer: bytes) -> list[Exchange]:
        asked = b"GET /keys/state "
        return [
            crossed(Layer.HTTP, Direction.SENT, asked),
            crossed(Layer.HTTP, Direction.RECEIVED, answer, asked),
        ]

    sold = [
        crossed(Layer.HTTP, Direction.SENT, b"POST /keys/sell {}"),
        crossed(Layer.HTTP, Direction.RECEIVED, b"200 {}", b"POST /keys/sell {}"),
    ]
    ticket = crossed(Layer.MESSAGE, Direction.RECEIVED, b"\xa2\x81")
    assert without_polls([*sold, *look(b"1"), *look(b"2"), *look(b"3")]) == [*sold, *look(b"3")]
    assert without_polls([*look(b"1"), *look(b"2"), ticket, *look(b"3"), *look(b"4")]) == [
        *look(b"2"),
        ticket,
        *look(b"4"),
    ]
    assert without_polls([*sold, *sold]) == [*sold, *sold]


@pytest.mark.parametrize("about", [BY_US, RESET_BY_US, CLOCK_READING])
def test_the_last_exchanges_are_not_what_the_judge_did_by_itself(about: bytes) -> None:
    def of(direction: Direction, raw: bytes, about: bytes = b"") -> Exchange:
        return Exchange("operator", "case", "2026-07-01T04:00:00+00:00", Layer.MESSAGE, direction, raw, about)

    spoken = [of(Direction.SENT, b"question"), of(Direction.RECEIVED, b"answer", b"question")]
    assert without_polls([*spoken, of(Direction.CLOSED, b"", about)]) == spoken
    assert without_polls([*spoken, of(Direction.CLOSED, b"")]) != spoken


HALF = "\ud800"
"""Half of a surrogate pair: JSON can say it, UTF-8 cannot."""


def sends_half_a_letter(ctx: Context) -> None:
    told = f'{{"login": "{HALF}"}}'
    ctx.step(told)
    raw = b'POST /api/login HTTP/1.1\r\n\r\n{"login": "\\ud800", "\\udfff": 1}'
    ctx.exchanged(Layer.HTTP, Direction.SENT, raw)
    if ctx.case.id.endswith("half"):
        ctx.check("no letter", HALF, "login")


def test_half_a_letter_breaks_no_report(judged: Judged, registry: Registry, tmp_path: Path) -> None:
    """Judges send such texts on purpose; every report has to be able to say what was sent."""
    for name in ("half", "fine"):
        registry.case(
            f"uz.operator.{name}",
            target="operator",
            clauses=["OF-13"],
            requirements=["UZ-OFD-01"],
            description="Half a letter.",
            expectation="It is refused.",
        )(sends_half_a_letter)
    screen = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    told = ConsoleReport(Console(file=screen), registry.book)
    with open_transcript(tmp_path / "transcript.jsonl") as file:
        record = judged(consumers=[TranscriptReport(file), told])
    assert [each.verdict.outcome.value for each in record.cases if each.verdict] == ["pass", "fail"]
    events = [json.loads(line) for line in (tmp_path / "transcript.jsonl").read_text("utf-8").splitlines()]
    assert any(event.get("observed") == HALF for event in events)
    screen.seek(0)
    assert "\\ud800" in screen.read()
    write_html(record, registry.book, tmp_path / "report.html")
    assert "\\ud800" in (tmp_path / "report.html").read_text("utf-8")
    write_json(record, registry.book, tmp_path / "report.json")
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert "ud800" in json.dumps(report["cases"])
    ElementTree.fromstring(junit_xml(record))
