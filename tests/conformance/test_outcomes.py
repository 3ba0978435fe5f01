from __future__ import annotations

import pytest

from conformance.outcomes import ExitCode, Outcome, exit_code


@pytest.mark.parametrize(
    ("outcome", "strict", "code"),
    [
        (Outcome.PASS, False, ExitCode.OK),
        (Outcome.PASS_NON_STRICT, False, ExitCode.OK),
        (Outcome.INFORMATIONAL, True, ExitCode.OK),
        (Outcome.NOT_APPLICABLE, True, ExitCode.OK),
        (Outcome.INCONCLUSIVE, False, ExitCode.OK),
        (Outcome.INCONCLUSIVE, True, ExitCode.CONFORMANCE_FAILURE),
        (Outcome.FAIL, False, ExitCode.CONFORMANCE_FAILURE),
        (Outcome.TOOL_ERROR, False, ExitCode.TOOL_OR_ENVIRONMENT),
    ],
)
def test_each_outcome_has_its_exit_status(outcome: Outcome, strict: bool, code: ExitCode) -> None:
    assert exit_code({outcome: 1, Outcome.PASS: 5}, strict=strict) is code


def test_a_broken_judge_outranks_a_failing_target() -> None:
    assert exit_code({"fail": 3, "tool-error": 1}) is ExitCode.TOOL_OR_ENVIRONMENT


def test_the_numbers_are_those_that_pipelines_know() -> None:
    assert [int(code) for code in ExitCode] == [0, 1, 2, 3]


def test_every_outcome_is_explained() -> None:
    assert all(outcome.meaning.endswith(".") for outcome in Outcome)
