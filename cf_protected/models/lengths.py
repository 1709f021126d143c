"""Check that a file's key and name fit into the bucket, a signed URL and a cookie's path."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cf_protected import conf
from cf_protected.cloudfront.limits import check_cookie_path, check_key_length, check_signed_length
from cf_protected.places import location_of, storage_of, url_of

if TYPE_CHECKING:
    from cf_protected.models.asset import AssetFile


def check_lengths(file: AssetFile) -> None:
    """Raise ``InvalidURL`` for a key or a name that is too long for its distribution."""
    settings = conf.current().distributions.get(file.asset.distribution)
    if settings is None:
        return
    key = file.key + file.entry
    check_key_length(location_of(storage_of(settings)) + key)
    check_signed_length(
        url_of(settings, key, download_name="" if file.is_prefix else file.file_name)
    )
    if file.is_prefix:
        check_cookie_path(urlsplit(url_of(settings, file.key)).path)
