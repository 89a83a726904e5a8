"""What holds: the search, runs that never end, traces and their renderings, and the command line."""

from overbooked.checker import vectors as vectors  # first of all, because NumPy reads its settings when it is imported
