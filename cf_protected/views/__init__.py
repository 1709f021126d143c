"""The pages: library, asset, download and streams; and protection for a project's own views."""

from cf_protected.views.cookies import AssetCookiesView, CookiesView, RemoveCookiesView
from cf_protected.views.download import DownloadView
from cf_protected.views.library import AssetView, LibraryView
from cf_protected.views.protect import AssetRequiredMixin, asset_required
from cf_protected.views.streams import PlaylistView, StreamView

__all__ = [
    "AssetCookiesView",
    "AssetRequiredMixin",
    "AssetView",
    "CookiesView",
    "DownloadView",
    "LibraryView",
    "PlaylistView",
    "RemoveCookiesView",
    "StreamView",
    "asset_required",
]
