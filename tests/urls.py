from django.contrib import admin
from django.contrib.auth.views import LoginView
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/", include("cf_protected.api.urls")),
    path("downloads/", include("cf_protected.urls")),
    path("login/", LoginView.as_view(template_name="login.html"), name="login"),
]
