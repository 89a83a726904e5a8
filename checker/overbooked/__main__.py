"""``python -m overbooked`` is ``overbooked``."""

import sys

from overbooked.checker.cli.main import main

sys.exit(main())
