"""`python -m ofd_mock.signing`."""

from __future__ import annotations

import sys

from ofd_mock.signing.process import main

if __name__ == "__main__":
    sys.exit(main())
