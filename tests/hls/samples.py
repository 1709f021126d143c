"""A folder at the CDN, the playlist in it, and rewriting that shows who was asked."""

from __future__ import annotations

from typing import Final

from cf_protected.hls import rewrite

DOMAIN: Final = "cdn.example.com"
FOLDER: Final = f"https://{DOMAIN}/videos/42/"
BASE_URL: Final = f"{FOLDER}720p/index.m3u8"


def marked(playlist: str, base_url: str = BASE_URL) -> str:
    """``playlist`` with ``media:`` or ``playlist:`` before each URL that was asked about."""
    return rewrite(
        playlist,
        base_url=base_url,
        media=lambda url: f"media:{url}",
        playlist_url=lambda url: f"playlist:{url}",
    )


def marked_line(line: str) -> str:
    """The same for one line below ``#EXTM3U``."""
    return marked(f"#EXTM3U\n{line}").removeprefix("#EXTM3U\n")
