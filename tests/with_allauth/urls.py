from django.urls import include, path

from tests import urls

urlpatterns = [path("accounts/", include("allauth.urls")), *urls.urlpatterns]
