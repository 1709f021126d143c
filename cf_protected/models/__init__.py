"""What is sold, who may have it, and what was downloaded. Nothing here knows of signing."""

from cf_protected.models.asset import Asset, AssetFile
from cf_protected.models.download import Download
from cf_protected.models.grant import Grant

__all__ = ["Asset", "AssetFile", "Download", "Grant"]
