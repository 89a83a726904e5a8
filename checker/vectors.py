"""NumPy, told how to sort fast on this processor.

On AMD's Zen 4, storing what a mask selects from an AVX-512 register is microcode (Software Optimization Guide for the
AMD Zen 4 Microarchitecture, 2.11.2), and NumPy's sort does little else: without AVX-512 it is three to five times as
fast there. NumPy decides once, when it is imported, so this module has to come first.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

_SWITCH = "NPY_DISABLE_CPU_FEATURES"
_AVX512 = "X86_V4 AVX512_ICL AVX512_SPR"
_ZEN_3_AND_4 = "cpu family\t: 25\n"


def is_zen4() -> bool:
    """Return whether this is such a processor (``False`` where the system does not tell)."""
    try:
        about = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return "AuthenticAMD" in about and _ZEN_3_AND_4 in about and " avx512f " in about


def import_numpy() -> None:
    """Import NumPy, without AVX-512 where that is faster; what the user has set stays as it is."""
    if "numpy" in sys.modules or _SWITCH in os.environ or not is_zen4():
        return
    os.environ[_SWITCH] = _AVX512
    try:
        import numpy as np  # noqa: F401, PLC0415 - imported for its effect, while the switch is set
    finally:
        del os.environ[_SWITCH]


import_numpy()
