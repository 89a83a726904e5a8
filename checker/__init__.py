"""What holds: the search, the prover, the reference held against the spec, traces and the command line."""

from overbooked.checker.engine import numpy_settings as numpy_settings  # first, as NumPy reads them when it is imported
