"""The shop, the library, the API, accounts, the mailbox and the admin."""

from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView

admin.site.site_header = admin.site.site_title = "Plover Press"

urlpatterns = [
    path("", include("example_project.shop.urls")),
    path("downloads/", include("cf_protected.urls")),
    path("api/", include("cf_protected.api.urls")),
    path("", include("example_project.accounts.urls")),
    path("mailbox/", include("example_project.mailbox.urls")),
    path("admin/", admin.site.urls),
    path("favicon.ico", RedirectView.as_view(url=static("shop/plover.svg"))),
]
