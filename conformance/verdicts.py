"""How a case stops early.

CaseStopped
├── CaseFailed          something that must hold does not            → fail
│   ├── AnswerUnreadable  an answer that its own tables cannot read    → fail
│   └── AnswerMissing     the peer hung up or kept silent in mid-exchange → fail
├── Inconclusive        what would decide it was not to be observed  → inconclusive
└── NotApplicable       the target lacks what the case needs         → not-applicable
TargetUnreachable       nobody answers at the address at all         → tool-error
"""

from __future__ import annotations


class CaseStopped(Exception):  # noqa: N818 - the words of the judge
    """A case that ended before its last line; `message` goes into every report."""

    def __init__(self, message: str, *, clause: str = "", expected: str = "", observed: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.clause = clause
        self.expected = expected
        self.observed = observed


class CaseFailed(CaseStopped):
    """Something that must hold does not."""


class AnswerUnreadable(CaseFailed):
    """An answer came, and it is not what its tables allow."""


class AnswerMissing(CaseFailed):
    """The peer closed the connection or kept silent where an answer was due."""


class Inconclusive(CaseStopped):
    """What would decide the case could not be observed; the message says what is missing."""


class NotApplicable(CaseStopped):
    """The target lacks what the case needs; the message says what."""


class TargetUnreachable(Exception):  # noqa: N818
    """Nobody answers at the target's address; the text says which and what to look at."""
