"""The pages: library, asset, download and streams; and protection for a project's own views."""

from cf_protected.views.claims import ConfirmClaimView
from cf_protected.views.cookies import AssetCookiesView, CookiesView, RemoveCookiesView
from cf_protected.views.download import DownloadView
from cf_protected.views.guest_done import GuestDoneView
from cf_protected.views.guest_links import GuestLinkView
from cf_protected.views.library import AssetView, LibraryView
from cf_protected.views.mail_forms import ClaimAddressView, MailSentView, SendDownloadsView
from cf_protected.views.protect import AssetRequiredMixin, asset_required
from cf_protected.views.streams import PlaylistView, StreamView

__all__ = [
    "AssetCookiesView",
    "AssetRequiredMixin",
    "AssetView",
    "ClaimAddressView",
    "ConfirmClaimView",
    "CookiesView",
    "DownloadView",
    "GuestDoneView",
    "GuestLinkView",
    "LibraryView",
    "MailSentView",
    "PlaylistView",
    "RemoveCookiesView",
    "SendDownloadsView",
    "StreamView",
    "asset_required",
]
