"""`python -m ofd_mock.portal`."""

from __future__ import annotations

import sys

from ofd_mock.portal.process import main

if __name__ == "__main__":
    sys.exit(main())
