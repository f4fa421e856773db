"""Aligned columns of plain text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

GAP = 2
"""Spaces between two columns."""
MIN_WIDTH = 6
"""Columns of text are not cut to less."""
_CUT = "…"


@dataclass(frozen=True, slots=True)
class Column:
    """One column."""

    title: str
    right: bool = False
    """Aligned to the right, as numbers are."""
    shrinks: bool = False
    """Its cells are cut when the terminal is too narrow."""
    optional: bool = False
    """It is left out when the terminal is too narrow."""


def table(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int | None) -> list[str]:
    """Returns a line of titles, and a line for each row.

    No line is wider than `width` cells of a terminal; None: as wide as they need. Optional columns are left out first,
    the last one before the others; then columns that may shrink are cut, the widest first; then the ends of the lines.
    """
    cells = [[column.title for column in columns], *([printable(cell) for cell in row] for row in rows)]
    widths = [max(cell_len(row[place]) for row in cells) for place in range(len(columns))]
    shown = list(range(len(columns)))
    if width is not None:
        _leave_out(columns, widths, shown, width)
        _shrink(columns, widths, shown, width)
    lines = [(" " * GAP).join(_pad(row[at], widths[at], columns[at]) for at in shown).rstrip() for row in cells]
    return lines if width is None else [cut(line, width) for line in lines]


def cut(text: str, width: int) -> str:
    """Returns the text with at most so many cells."""
    if cell_len(text) <= width:
        return text
    return (set_cell_size(text, width - 1).rstrip() + _CUT) if width > 0 else ""


def printable(text: str) -> str:
    """Returns the text without control characters: a name must not move the cursor, nor reverse the line."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def _excess(widths: Sequence[int], shown: Sequence[int], width: int) -> int:
    """How much wider the columns are than the terminal."""
    return sum(widths[at] for at in shown) + GAP * (len(shown) - 1) - width


def _leave_out(columns: Sequence[Column], widths: Sequence[int], shown: list[int], width: int) -> None:
    """Removes optional columns from those that are shown until the others fit."""
    for at in reversed(range(len(columns))):
        if columns[at].optional and _excess(widths, shown, width) > 0:
            shown.remove(at)


def _shrink(columns: Sequence[Column], widths: list[int], shown: Sequence[int], width: int) -> None:
    """Takes what is too wide from the columns that may shrink."""
    shrinking = [at for at in shown if columns[at].shrinks]
    while shrinking and _excess(widths, shown, width) > 0:
        widest = max(shrinking, key=widths.__getitem__)
        if widths[widest] <= MIN_WIDTH:
            return
        widths[widest] -= 1


def _pad(text: str, width: int, column: Column) -> str:
    shown = cut(text, width)
    spaces = " " * (width - cell_len(shown))
    return spaces + shown if column.right else shown + spaces
