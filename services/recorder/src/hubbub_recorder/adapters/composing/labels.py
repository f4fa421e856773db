"""The names of participants as small pictures."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

MAX_NAME = 64
"""Characters that are drawn."""
MAX_CACHED = 256
BACKGROUND: Final = 40
"""Luma."""
FOREGROUND: Final = 235
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories: control and format characters, surrogates, private and unassigned ones, line separators."""

Picture = NDArray[np.uint8]


class Labels:
    """Renders names, each once for a size."""

    def __init__(self, font: Path | None) -> None:
        """`font` is a TrueType or OpenType file; None: a built-in one. Raises OSError."""
        self._path = font
        self._fonts: dict[int, Any] = {}
        self._labels: dict[tuple[str, int, int], Picture] = {}
        self._font(12)

    def label(self, name: str, width: int, height: int) -> Picture:
        """The name on a dark background: `height` pixels high, and at most `width` wide. Both sides are even."""
        key = (name, width, height)
        if key not in self._labels:
            if len(self._labels) >= MAX_CACHED:
                self._labels.clear()
            self._labels[key] = self._render(drawable(name), width, height)
        return self._labels[key]

    def _render(self, text: str, width: int, height: int) -> Picture:
        font = self._font(max(8, round(height * 0.6)))
        margin = height // 4
        while text and font.getlength(text) > width - 2 * margin:
            text = text.removesuffix("…")[:-1].rstrip() + "…" if len(text) > 1 else ""
        used = min(width, int(font.getlength(text)) + 2 * margin) if text else 0
        picture = Image.new("L", (used // 2 * 2, height), BACKGROUND)
        if text:
            ImageDraw.Draw(picture).text((margin, height / 2), text, fill=FOREGROUND, font=font, anchor="lm")
        return np.asarray(picture, np.uint8)

    def _font(self, size: int) -> Any:
        if size not in self._fonts:
            self._fonts[size] = (
                ImageFont.load_default(size) if self._path is None else ImageFont.truetype(self._path, size)
            )
        return self._fonts[size]


def drawable(name: str) -> str:
    """The name in one line, without characters that are not seen or change the direction of the text."""
    normalized = unicodedata.normalize("NFC", name[: 4 * MAX_NAME])
    visible = "".join(" " if unicodedata.category(one) in _INVISIBLE else one for one in normalized)
    return " ".join(visible.split())[:MAX_NAME]
