"""The JSON API: ``path("api/", include("cf_protected.api.urls"))``."""
