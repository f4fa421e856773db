"""A video file for Chromium's fake camera, which takes the bitrate that an encoder is allowed."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FRAMES = 40
CONTRAST = 40.0
"""Standard deviation of the luma of what moves."""
CHANGE = 5.0
"""Standard deviation of the luma of what is new in each frame: what an encoder cannot predict."""
SLOPE = 1.5
"""Amplitudes are those of the spatial frequency to the power of minus this, about as in pictures of cameras."""
PATH = 12
"""Pixels: the radius of the circle on which the picture moves once in the file."""


def write_restless_scene(path: Path, width: int, height: int, frame_rate: int) -> Path:
    """Writes a YUV4MPEG2 file of a picture that moves and changes, which the camera repeats. Returns its path.

    Of white noise, key frames would be several times larger than encoders foresee.
    """
    source = np.random.default_rng(1)
    scene = CONTRAST * _texture(source, width, height)
    chroma = bytes([128]) * (width * height // 2)
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{width} H{height} F{frame_rate}:1 Ip A1:1 C420\n".encode())
        for frame in range(FRAMES):
            angle = 2 * math.pi * frame / FRAMES
            moved = np.roll(scene, (round(PATH * math.sin(angle)), round(PATH * math.cos(angle))), axis=(0, 1))
            luma = 128 + moved + CHANGE * _texture(source, width, height)
            file.write(b"FRAME\n" + luma.clip(16, 235).astype(np.uint8).tobytes() + chroma)
    return path


def _texture(source: np.random.Generator, width: int, height: int) -> NDArray[np.float64]:
    """Noise whose amplitudes fall with the spatial frequency. Its standard deviation is 1, and opposite edges fit."""
    spectrum = np.fft.rfft2(source.standard_normal((height, width)))
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :])
    frequency[0, 0] = math.inf
    texture = np.fft.irfft2(spectrum / frequency**SLOPE, s=(height, width))
    return np.asarray(texture / texture.std(), dtype=np.float64)
