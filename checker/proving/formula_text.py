"""Formulas about whole numbers as text, so that what is printed of a theorem is what is proved."""

from __future__ import annotations

import z3

_COMPARED = {z3.Z3_OP_LE: "<=", z3.Z3_OP_LT: "<", z3.Z3_OP_GE: ">=", z3.Z3_OP_GT: ">", z3.Z3_OP_EQ: "="}
_AND, _OR = " and ", " or "


def text_of(formula: z3.ExprRef) -> str:
    """Return a formula as one types it: comparisons of sums, joined by *and* or *or*; a number multiplies a name.

    The smaller of two is known by that it is chosen if it is not the larger one.

    Raises :class:`ValueError` for what is none of these.

    >>> n, r, w = z3.Ints("N R W")
    >>> text_of(z3.And(r + w > n, 2 * w >= n - 1))
    'R + W > N and 2W >= N - 1'
    >>> text_of(z3.Or(r < n, w == n))
    'R < N or W = N'
    >>> text_of(r - z3.If(r <= w - 1, r, w - 1))
    'R - min(R, W - 1)'
    """
    kind, parts = formula.decl().kind(), [text_of(each) for each in formula.children()]
    if not parts:
        return str(formula)
    if kind == z3.Z3_OP_ITE and parts[0] == " <= ".join(parts[1:]):
        return f"min({', '.join(parts[1:])})"
    if kind == z3.Z3_OP_AND:
        return _AND.join(parts)
    if kind == z3.Z3_OP_OR and all(each.decl().kind() in _COMPARED for each in formula.children()):
        return _OR.join(parts)
    if kind in _COMPARED:
        return f" {_COMPARED[kind]} ".join(parts)
    return _sum(formula, kind, parts)


def _sum(formula: z3.ExprRef, kind: int, parts: list[str]) -> str:
    simple = [not each.children() or z3.is_app_of(each, z3.Z3_OP_ITE) for each in formula.children()]
    if kind == z3.Z3_OP_ADD:
        return " + ".join(parts)
    if kind == z3.Z3_OP_SUB and all(simple[1:]):
        return " - ".join(parts)
    if kind == z3.Z3_OP_MUL and all(simple):
        return "".join(parts)
    raise ValueError(f"{formula} is no comparison of sums, so it has no text")


def in_symbols(text: str) -> str:
    """Return the text of a formula in the signs of a book: ``R + W ≥ N, W = N``."""
    return text.replace("<=", "≤").replace(">=", "≥").replace(_AND, ", ")
