"""Standard output that goes into a file: personal data, for its owner only."""

import os
import stat
import sys
from contextlib import suppress

PRIVATE = 0o600


def keep_output_private() -> None:
    """Where standard output is a file, let only its owner read it. A shell makes files that everybody can read."""
    # Tests and other callers have no such descriptor.
    with suppress(OSError, ValueError):
        number = sys.stdout.fileno()
        if stat.S_ISREG(os.fstat(number).st_mode):
            os.fchmod(number, PRIVATE)
