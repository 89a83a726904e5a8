"""``python -m checker`` is ``overbooked``."""

import sys

from checker.command import main

sys.exit(main())
