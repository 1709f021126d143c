"""``path("api/", include("cf_protected.api.urls"))``."""

from django.urls import path, re_path

from cf_protected.api.assets import AssetAPIView, AssetFileListAPIView, AssetListAPIView
from cf_protected.api.base import NotFoundAPIView
from cf_protected.api.cookies import CookiesAPIView
from cf_protected.api.document import DocumentAPIView
from cf_protected.api.files import PlaylistURLAPIView, SignedURLAPIView
from cf_protected.api.objects import ObjectListAPIView

app_name = "cf_protected_api"

urlpatterns = [
    path("assets/", AssetListAPIView.as_view(), name="assets"),
    path("assets/<slug:slug>/", AssetAPIView.as_view(), name="asset"),
    path("assets/<slug:slug>/files/", AssetFileListAPIView.as_view(), name="asset_files"),
    path("files/<uuid:uuid>/signed-url/", SignedURLAPIView.as_view(), name="signed_url"),
    path("files/<uuid:uuid>/playlist-url/", PlaylistURLAPIView.as_view(), name="playlist_url"),
    path("cookies/", CookiesAPIView.as_view(), name="cookies"),
    path("distributions/<str:alias>/objects/", ObjectListAPIView.as_view(), name="objects"),
    path("openapi.json", DocumentAPIView.as_view(), name="openapi"),
    # The 404 for any other address is a problem too.
    re_path("", NotFoundAPIView.as_view(), name="not_found"),
]
