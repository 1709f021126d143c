"""Admin pages for staff: assets, files, grants, and the download log."""

from cf_protected.admin.asset import AssetAdmin
from cf_protected.admin.asset_file import AssetFileAdmin
from cf_protected.admin.download import DownloadAdmin
from cf_protected.admin.grant import GrantAdmin

__all__ = ["AssetAdmin", "AssetFileAdmin", "DownloadAdmin", "GrantAdmin"]
