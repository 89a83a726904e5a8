"""What other programs read: JSON documents, and CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence


def json_document(**parts: object) -> str:
    """Return one JSON document with the version of its form, ``schema``; lists have a line for each of their items.

    >>> print(json_document(finished=True, rows=[{"a": 1}, {"a": 2}]))
    {"schema": 1, "finished": true, "rows": [
      {"a": 1},
      {"a": 2}
    ]}
    """
    named = (f'"{name}": {_lines(part)}' for name, part in ({"schema": 1} | parts).items())
    return f"{{{', '.join(named)}}}"


def _lines(part: object) -> str:
    if not isinstance(part, list):
        return json.dumps(part, ensure_ascii=False)
    rows = ",\n".join(f"  {json.dumps(row, ensure_ascii=False)}" for row in part)
    return f"[\n{rows}\n]"


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
