"""A film of three seconds, in as many segments."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import av

SECONDS: Final = 3
SEGMENTS: Final = tuple(f"{number}.m4s" for number in range(SECONDS))
INIT: Final = "init.mp4"
_RATE: Final = 10
_SIDE: Final = 64


def shoot(folder: Path) -> dict[str, bytes]:
    """Return the film's ``SEGMENTS`` and its ``INIT``, by their names; ``folder`` is scratch."""
    options = {
        "hls_playlist_type": "vod",
        "hls_segment_filename": str(folder / "%d.m4s"),
        "hls_segment_type": "fmp4",
        "hls_time": "1",
    }
    with av.open(str(folder / "index.m3u8"), "w", format="hls", options=options) as stream:
        track = stream.add_stream("libx264", rate=_RATE, options={"g": str(_RATE)})
        track.width = track.height = _SIDE
        track.pix_fmt = "yuv420p"
        for number in range(SECONDS * _RATE):
            frame = av.VideoFrame(_SIDE, _SIDE, "yuv420p")
            for plane in frame.planes:
                plane.update(bytes([number]) * plane.buffer_size)
            frame.pts = number
            stream.mux(track.encode(frame))
        stream.mux(track.encode())
    return {name: (folder / name).read_bytes() for name in (INIT, *SEGMENTS)}
