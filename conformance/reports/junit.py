"""The JUnit XML report, for the machines that draw test results."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

from conformance.events import CaseRecord, RunRecord, Step, StepKind, Verdict
from conformance.outcomes import Outcome

_SKIPPED = (Outcome.NOT_APPLICABLE, Outcome.INCONCLUSIVE)
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(record: RunRecord) -> bytes:
    """A finished run as JUnit XML: a suite a target, `not-applicable` and `inconclusive` as skipped."""
    started, ended = record.started, record.ended
    assert started is not None
    assert ended is not None
    root = ElementTree.Element("testsuites", name="kassalab", time=f"{ended.seconds:.3f}")
    for target in started.targets:
        own = [each for each in record.cases if each.target == target.name and each.verdict is not None]
        facts = {"seed": str(started.seed), "address": target.address}
        root.append(_suite(target.name, own, started.lab_time, facts))
    if ended.stopped:
        suite = ElementTree.SubElement(root, "testsuite", name="targets", tests="1", errors="1", failures="0")
        element = ElementTree.SubElement(suite, "testcase", classname="targets", name="reachable", time="0")
        _child(element, "error", ended.stopped.splitlines()[0], ended.stopped)
    ElementTree.indent(root)
    written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def write_junit(record: RunRecord, path: Path) -> None:
    """Write the report to a file, its folder made if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(junit_xml(record))


def _suite(
    name: str, cases: list[CaseRecord], lab_time: str, properties: dict[str, str]
) -> ElementTree.Element:
    counts = Counter(each.verdict.outcome for each in cases if each.verdict is not None)
    seconds = sum(each.verdict.seconds for each in cases if each.verdict is not None)
    suite = ElementTree.Element(
        "testsuite",
        name=name,
        tests=str(len(cases)),
        failures=str(counts[Outcome.FAIL]),
        errors=str(counts[Outcome.TOOL_ERROR]),
        skipped=str(sum(counts[each] for each in _SKIPPED)),
        time=f"{seconds:.3f}",
        timestamp=lab_time[:19],
    )
    listed = ElementTree.SubElement(suite, "properties")
    for key, value in properties.items():
        ElementTree.SubElement(listed, "property", name=key, value=_clean(value))
    for each in cases:
        suite.append(_case(each))
    return suite


def _case(record: CaseRecord) -> ElementTree.Element:
    verdict = record.verdict
    assert verdict is not None
    group, _, name = record.case.id.rpartition(".")
    element = ElementTree.Element(
        "testcase", classname=f"{record.target}.{group}", name=name, time=f"{verdict.seconds:.3f}"
    )
    listed = ElementTree.SubElement(element, "properties")
    for key, values in (("clause", record.case.clauses), ("requirement", record.case.requirements)):
        for value in values:
            ElementTree.SubElement(listed, "property", name=key, value=value)
    ElementTree.SubElement(listed, "property", name="outcome", value=verdict.outcome.value)
    if verdict.outcome is Outcome.FAIL:
        _child(element, "failure", verdict.message, _story(record, verdict))
    elif verdict.outcome is Outcome.TOOL_ERROR:
        _child(element, "error", verdict.message, verdict.trace or _story(record, verdict))
    elif verdict.outcome in _SKIPPED:
        _child(element, "skipped", f"{verdict.outcome.value}: {verdict.message}", "")
    elif verdict.message:
        remark = ElementTree.SubElement(element, "system-out")
        remark.text = _clean(f"{verdict.outcome.value}: {verdict.message}")
    return element


def _child(parent: ElementTree.Element, name: str, message: str, text: str) -> None:
    child = ElementTree.SubElement(parent, name, message=_clean(message))
    if name != "skipped":
        child.set("type", "conformance" if name == "failure" else "tool")
    child.text = _clean(text)


def _story(record: CaseRecord, verdict: Verdict) -> str:
    lines = [record.case.description, f"expected: {verdict.expected}", f"observed: {verdict.observed}"]
    if verdict.clause:
        lines.append(f"clause: {verdict.clause}")
    lines += [_line(step) for step in record.steps]
    return "\n".join([*lines, f"again: {verdict.again}"])


def _line(step: Step) -> str:
    if step.kind in (StepKind.STEP, StepKind.NOTE):
        return f"- {step.text}"
    return f"  {'ok' if step.ok else 'MISS'} {step.text}: {step.observed}"


def _clean(text: str) -> str:
    return _NOT_XML.sub("�", text)
