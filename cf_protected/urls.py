"""``path("downloads/", include("cf_protected.urls"))``."""

from django.urls import path

from cf_protected.views import AssetView, DownloadView, LibraryView, PlaylistView, StreamView

app_name = "cf_protected"

urlpatterns = [
    path("", LibraryView.as_view(), name="library"),
    path("assets/<slug:slug>/", AssetView.as_view(), name="asset"),
    path("files/<uuid:uuid>/", DownloadView.as_view(), name="download"),
    path("streams/<uuid:uuid>/", StreamView.as_view(), name="stream"),
    path("playlists/<uuid:uuid>/", PlaylistView.as_view(), name="playlist"),
    path("playlists/<uuid:uuid>/<path:path>", PlaylistView.as_view(), name="playlist"),
]
