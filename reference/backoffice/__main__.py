"""`python -m reference.backoffice`."""

import sys

from reference.backoffice.process import main

if __name__ == "__main__":
    sys.exit(main())
