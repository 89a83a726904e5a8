"""The command ``overbooked``: a file for each of its commands."""
