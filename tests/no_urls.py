"""A project that forgot the include()."""

urlpatterns: list[object] = []
