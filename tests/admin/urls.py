"""Two admin sites: Django's own, and one whose users can be searched."""

from django.contrib import admin
from django.urls import include, path

from cf_protected.admin import (
    AssetAdmin,
    AssetFileAdmin,
    DownloadAdmin,
    GrantAdmin,
    GrantEventAdmin,
    PurchaseAdmin,
)
from cf_protected.models import Asset, AssetFile, Download, Grant, GrantEvent, Purchase
from cf_protected.oidc.admin import IdentityAdmin
from cf_protected.oidc.models import Identity
from tests.accounts.models import User


class UserAdmin(admin.ModelAdmin):
    search_fields = ("email",)
    ordering = ("email",)


class PlainUserAdmin(admin.ModelAdmin):
    """Without anything to search."""


office = admin.AdminSite("office")
office.register(User, UserAdmin)
office.register(Asset, AssetAdmin)
office.register(AssetFile, AssetFileAdmin)
office.register(Grant, GrantAdmin)
office.register(Download, DownloadAdmin)
office.register(Purchase, PurchaseAdmin)
office.register(GrantEvent, GrantEventAdmin)
office.register(Identity, IdentityAdmin)

plain = admin.AdminSite("plain")
plain.register(User, PlainUserAdmin)
plain.register(Asset, AssetAdmin)
plain.register(Download, DownloadAdmin)

urlpatterns = [
    path("admin/", admin.site.urls),
    path("office/", office.urls),
    path("plain/", plain.urls),
    path("downloads/", include("cf_protected.urls")),
]
