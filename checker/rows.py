"""Rows of named values as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence


def as_csv_text(rows: Sequence[Mapping[str, object]]) -> str:
    """Return rows, of which there is at least one, as CSV with a heading; all have the same names.

    >>> as_csv_text([{"a": 1, "b": "x,y"}]).splitlines()
    ['a,b', '1,"x,y"']
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().rstrip("\n")
