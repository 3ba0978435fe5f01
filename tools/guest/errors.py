"""What can go wrong with the guest.

GuestError
├── GuestUnavailable    this machine cannot build or run one; the text says what is missing
└── GuestSilent         the guest did not answer in time, or ended; the text ends with its last words
"""

from __future__ import annotations


class GuestError(Exception):
    """Base of everything the guest reports."""


class GuestUnavailable(GuestError):  # noqa: N818 - a state, not a mistake
    """Something that a guest is made of is missing here; the text names it and says where it comes from."""


class GuestSilent(GuestError):  # noqa: N818 - a state, not a mistake
    """No answer within the time given; the text holds the end of the kernel's log."""
