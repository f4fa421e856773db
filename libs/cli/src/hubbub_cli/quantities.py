"""Numbers with their units, for people."""

from __future__ import annotations

NOTHING = "-"
"""Stands for a value that is not known."""


def bitrate(bits_per_second: float | None) -> str:
    """Three digits at most, such as `950 bit/s`, `32.0 kbit/s` or `1.2 Mbit/s`."""
    if bits_per_second is None:
        return NOTHING
    for unit, size in (("Gbit/s", 1e9), ("Mbit/s", 1e6), ("kbit/s", 1e3)):
        if bits_per_second >= size * 0.9995:
            value = bits_per_second / size
            return f"{value:.0f} {unit}" if value >= 99.95 else f"{value:.1f} {unit}"
    return f"{bits_per_second:.0f} bit/s"


def percentage(fraction: float) -> str:
    """A fraction as `12 %`."""
    return f"{100 * fraction:.0f} %"


def duration(seconds: float) -> str:
    """The largest whole unit, such as `40 s`, `5 min`, `3 h` or `2 d`; 0 s for what lies in the future."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size:.0f} {unit}"
    return f"{max(seconds, 0) // 1:.0f} s"
