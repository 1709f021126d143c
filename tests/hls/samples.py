"""A folder, a playlist in it, and rewriting that shows which function got each URL."""

from __future__ import annotations

from typing import Final

from cf_protected.hls import rewrite

DOMAIN: Final = "cdn.example.com"
FOLDER: Final = f"https://{DOMAIN}/videos/42/"
BASE_URL: Final = f"{FOLDER}720p/index.m3u8"


def marked(playlist: str, base_url: str = BASE_URL) -> str:
    """Return ``playlist`` with ``media:`` or ``playlist:`` before each resolved URL."""
    return rewrite(
        playlist,
        base_url=base_url,
        media=lambda url: f"media:{url}",
        playlist_url=lambda url: f"playlist:{url}",
    )


def marked_line(line: str) -> str:
    """Return the same for one line below ``#EXTM3U``."""
    return marked(f"#EXTM3U\n{line}").removeprefix("#EXTM3U\n")
