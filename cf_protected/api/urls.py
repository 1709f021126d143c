"""``path("api/", include("cf_protected.api.urls"))``."""

from django.urls import path, re_path

from cf_protected.api.assets import AssetsView, AssetView
from cf_protected.api.base import NotFoundView
from cf_protected.api.cookies import CookiesView
from cf_protected.api.document import DocumentView
from cf_protected.api.files import PlaylistURLView, SignedURLView
from cf_protected.api.objects import ObjectsView

app_name = "cf_protected_api"

urlpatterns = [
    path("assets/", AssetsView.as_view(), name="assets"),
    path("assets/<slug:slug>/", AssetView.as_view(), name="asset"),
    path("files/<uuid:uuid>/signed-url/", SignedURLView.as_view(), name="signed_url"),
    path("files/<uuid:uuid>/playlist-url/", PlaylistURLView.as_view(), name="playlist_url"),
    path("cookies/", CookiesView.as_view(), name="cookies"),
    path("distributions/<str:alias>/objects/", ObjectsView.as_view(), name="objects"),
    path("openapi.json", DocumentView.as_view(), name="openapi"),
    # Errors are problems here, those of wrong addresses too.
    re_path("", NotFoundView.as_view(), name="not_found"),
]
