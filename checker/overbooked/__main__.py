"""``python -m overbooked`` is ``overbooked``."""

import sys

from overbooked.checker.command import main

sys.exit(main())
