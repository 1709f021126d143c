"""Admin pages for staff: assets, files, grants with the support desk, and the logs."""

from cf_protected.admin.asset import AssetAdmin
from cf_protected.admin.asset_file import AssetFileAdmin
from cf_protected.admin.download import DownloadAdmin
from cf_protected.admin.event import GrantEventAdmin
from cf_protected.admin.grant import GrantAdmin
from cf_protected.admin.purchase import PurchaseAdmin

__all__ = [
    "AssetAdmin",
    "AssetFileAdmin",
    "DownloadAdmin",
    "GrantAdmin",
    "GrantEventAdmin",
    "PurchaseAdmin",
]
