"""Admin pages for staff: assets with their files, grants, the download log, identities."""

from cf_protected.admin.asset import AssetAdmin
from cf_protected.admin.download import DownloadAdmin
from cf_protected.admin.grant import GrantAdmin
from cf_protected.admin.identity import IdentityAdmin

__all__ = ["AssetAdmin", "DownloadAdmin", "GrantAdmin", "IdentityAdmin"]
