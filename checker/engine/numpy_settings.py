"""NumPy, imported so that it sorts fast and starts no threads.

On AMD's Zen 4, storing what a mask selects from an AVX-512 register is microcode (Software Optimization Guide for the
AMD Zen 4 Microarchitecture, 2.11.2), and NumPy's sort does little else: without AVX-512 it is three to five times as
fast there. And starting threads for linear algebra, of which there is none here, costs a third of the CPU time of a
short check. NumPy decides both once, when it is imported, so this module comes first; it leaves the environment as it
was, and what the user has set, or a NumPy that is already there, alone.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

_ZEN_3_AND_4 = "cpu family\t: 25\n"


def settings() -> dict[str, str]:
    """Return the environment variables to import NumPy with, on this processor."""
    without_avx512 = {"NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR"} if is_zen4() else {}
    return {"OPENBLAS_NUM_THREADS": "1"} | without_avx512


def is_zen4() -> bool:
    """Return whether this is such a processor (``False`` where the system does not tell)."""
    try:
        about = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return "AuthenticAMD" in about and _ZEN_3_AND_4 in about and " avx512f " in about


def import_numpy() -> None:
    """Import NumPy with these settings."""
    if "numpy" in sys.modules:
        return
    new = {name: value for name, value in settings().items() if name not in os.environ}
    os.environ.update(new)
    try:
        import numpy as np  # noqa: F401, PLC0415 - imported for its effect, while the settings are there
    finally:
        for name in new:
            del os.environ[name]


import_numpy()
