"""Put one signature on the URIs of HLS playlists, for players that can't send cookies."""

from cf_protected.hls.playlist import rewrite
from cf_protected.hls.uri import signed_under

__all__ = ["rewrite", "signed_under"]
