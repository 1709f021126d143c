"""Fifty megabytes of a harbour at night: slow chords, as long as the ear allows."""

from __future__ import annotations

import math
import wave
from array import array
from itertools import cycle, islice
from typing import BinaryIO, Final

_RATE: Final = 44_100
_SECONDS: Final = 8  # of one chord
_CHORDS: Final = 36  # 36 times 8 s, at 2 channels of 2 bytes, are 50.8 MB
_FADE: Final = _RATE // 2
_PEAK: Final = 24_000

# Frequencies in hertz, in quarters of one, so that four seconds of each end where they
# began. Neighbours differ by little on purpose: they beat, like water against a hull.
_PROGRESSION: Final = (
    (110.0, 164.75, 220.25, 277.25, 329.5),
    (92.5, 138.5, 185.25, 220.0, 329.75),
    (73.5, 146.75, 220.25, 277.0, 370.0),
    (82.5, 164.75, 207.75, 247.0, 293.75),
    (110.0, 165.0, 220.0, 246.75, 329.75),
    (98.0, 146.75, 196.25, 247.0, 370.0),
)


def play_harbour(stream: BinaryIO) -> None:
    """Write the piece as WAV: stereo, 16 bits, 288 seconds."""
    chords = [_chord(frequencies) for frequencies in _PROGRESSION]
    with wave.open(stream, "wb") as sound:
        sound.setnchannels(2)
        sound.setsampwidth(2)
        sound.setframerate(_RATE)
        sound.setnframes(_CHORDS * _SECONDS * _RATE)
        for chord in islice(cycle(chords), _CHORDS):
            sound.writeframesraw(chord)


def _chord(frequencies: tuple[float, ...]) -> bytes:
    """Return one chord for both channels; the right one is a moment late."""
    four_seconds = _samples(frequencies)
    mono = _faded(four_seconds * (_SECONDS // 4))
    late = _RATE // 90
    stereo = array("h", bytes(4 * len(mono)))
    stereo[0::2] = mono
    stereo[1::2] = mono[-late:] + mono[:-late]
    return _little_endian(stereo).tobytes()


def _samples(frequencies: tuple[float, ...]) -> array[int]:
    """Return four seconds of sines: the higher, the softer."""
    sine, length = math.sin, 4 * _RATE
    total = [0.0] * length
    loudness = sum(1 / rank for rank in range(1, len(frequencies) + 1))
    for rank, frequency in enumerate(frequencies, start=1):
        step, volume = math.tau * frequency / _RATE, _PEAK / loudness / rank
        total = [level + volume * sine(step * n) for n, level in enumerate(total)]
    return array("h", map(round, total))


def _faded(samples: array[int]) -> array[int]:
    for n in range(_FADE):
        volume = math.sin(math.pi / 2 * n / _FADE)
        samples[n] = round(samples[n] * volume)
        samples[-1 - n] = round(samples[-1 - n] * volume)
    return samples


def _little_endian(samples: array[int]) -> array[int]:
    """Return the samples in WAV's byte order, on any machine."""
    if array("h", [1]).tobytes() != b"\x01\x00":
        samples.byteswap()
    return samples
