"""``path("downloads/", include("cf_protected.urls"))``."""

from django.urls import path

from cf_protected.views import (
    AssetCookiesView,
    AssetView,
    ClaimAddressView,
    ConfirmClaimView,
    CookiesView,
    DownloadView,
    GuestDoneView,
    GuestLinkView,
    LibraryView,
    MailSentView,
    PlaylistView,
    RemoveCookiesView,
    SendDownloadsView,
    StreamView,
)

app_name = "cf_protected"

urlpatterns = [
    path("", LibraryView.as_view(), name="library"),
    # Links lead to the first, since a slug may change.
    path("assets/<uuid:uuid>/", AssetView.as_view(), name="asset"),
    path("assets/<slug:slug>/", AssetView.as_view(), name="asset"),
    path("assets/<slug:slug>/cookies/", AssetCookiesView.as_view(), name="asset-cookies"),
    path("cookies/", CookiesView.as_view(), name="cookies"),
    path("cookies/remove/", RemoveCookiesView.as_view(), name="remove-cookies"),
    path("files/<uuid:uuid>/", DownloadView.as_view(), name="download"),
    path("done/", GuestDoneView.as_view(), name="guest-done"),
    path("links/<slug:kind>/<str:token>/", GuestLinkView.as_view(), name="guest-link"),
    path("send/", SendDownloadsView.as_view(), name="send-downloads"),
    path("send/sent/", MailSentView.as_view(), name="mail-sent"),
    path("claim/", ClaimAddressView.as_view(), name="claim-address"),
    path("claim/<str:token>/", ConfirmClaimView.as_view(), name="confirm-claim"),
    path("streams/<uuid:uuid>/", StreamView.as_view(), name="stream"),
    path("playlists/<uuid:uuid>/", PlaylistView.as_view(), name="playlist"),
    path("playlists/<uuid:uuid>/<path:path>", PlaylistView.as_view(), name="playlist"),
]
