"""The shop, the library, the API, signing in and the admin."""

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView

from example_project.shop.views import SignUpView

admin.site.site_header = admin.site.site_title = "Plover Press"

urlpatterns = [
    path("", include("example_project.shop.urls")),
    path("downloads/", include("cf_protected.urls")),
    path("api/", include("cf_protected.api.urls")),
    path("login/", LoginView.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("sign-up/", SignUpView.as_view(), name="sign-up"),
    path("admin/", admin.site.urls),
    path("favicon.ico", RedirectView.as_view(url=static("shop/plover.svg"))),
]
