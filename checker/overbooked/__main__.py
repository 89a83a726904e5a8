"""``python -m overbooked`` is ``overbooked``."""

import sys

from overbooked.ctrl_c import STOPPED, ends_at_once


def main() -> int:
    """Run ``overbooked`` with the command line's arguments; return its exit status.

    What takes long to import is imported in here, so that Ctrl-C is minded from the first moment on.
    """
    try:
        with ends_at_once():
            from overbooked.checker.cli import main as command  # noqa: PLC0415 - as it says

        return command.main()
    except KeyboardInterrupt:
        return STOPPED


if __name__ == "__main__":
    sys.exit(main())
