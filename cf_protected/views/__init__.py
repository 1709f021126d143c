"""The pages: library, asset and download; and what protects a project's own views."""

from cf_protected.views.download import DownloadView
from cf_protected.views.library import AssetView, LibraryView
from cf_protected.views.protect import AssetRequiredMixin, asset_required

__all__ = ["AssetRequiredMixin", "AssetView", "DownloadView", "LibraryView", "asset_required"]
