"""Put one signature on the URIs of HLS playlists, for players that can't send cookies."""

from cf_protected.hls.encoding import read_text
from cf_protected.hls.playlist import rewrite, variables_of
from cf_protected.hls.uri import Folder, signed_under

__all__ = ["Folder", "read_text", "rewrite", "signed_under", "variables_of"]
