"""The film "Field Notes" as an HLS stream of two renditions."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import av
from av.container import OutputContainer
from av.video.stream import VideoStream

from example_project.shop.demo.scene import HEIGHT, WIDTH, pictures

_RATE: Final = 15
_SEGMENT_SECONDS: Final = 2
_RENDITIONS: Final = (("360p", 2, 300_000), ("180p", 4, 90_000))  # name, reduction, bits/s


def shoot(folder: Path) -> None:
    """Write the stream into ``folder``: ``master.m3u8``, and a folder for each rendition."""
    options = {
        "hls_playlist_type": "vod",
        "hls_segment_filename": str(folder / "%v" / "%03d.m4s"),
        "hls_segment_type": "fmp4",
        "hls_time": str(_SEGMENT_SECONDS),
        "master_pl_name": "master.m3u8",
        "var_stream_map": " ".join(
            f"v:{number},name:{name}" for number, (name, _, _) in enumerate(_RENDITIONS)
        ),
    }
    with av.open(str(folder / "%v" / "index.m3u8"), "w", format="hls", options=options) as stream:
        _encode(stream)


def _encode(stream: OutputContainer) -> None:
    tracks = [(_track(stream, reduction, bits), reduction) for _, reduction, bits in _RENDITIONS]
    for number, picture in enumerate(pictures(_RATE)):
        for track, reduction in tracks:
            frame = av.VideoFrame.from_image(picture.reduce(reduction))
            frame.pts = number
            stream.mux(track.encode(frame))
    for track, _ in tracks:
        stream.mux(track.encode())


def _track(stream: OutputContainer, reduction: int, bits: int) -> VideoStream:
    options = {
        "g": str(_SEGMENT_SECONDS * _RATE),  # each segment begins with a whole picture
        "preset": "fast",
        "profile": "main",
        "sc_threshold": "0",
    }
    track = stream.add_stream("libx264", rate=_RATE, options=options)
    track.width, track.height = WIDTH // reduction, HEIGHT // reduction
    track.pix_fmt = "yuv420p"
    track.bit_rate = bits
    return track
