"""A file that is accepted can be stored and signed, whatever the asset's terms become."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from pytest_django import Settings

from cf_protected import services
from cf_protected.key_sources.inline import InlineKeySource
from cf_protected.models import Asset, AssetFile
from cf_protected.viewer import Viewer
from tests.accounts.models import User
from tests.conftest import Configure
from tests.keys import KEY_PAIR_ID, private_pem


@pytest.fixture(autouse=True)
def rsa_key(use_key_source: Configure) -> None:
    """The longest signatures are those of RSA."""
    use_key_source(InlineKeySource, private_key=private_pem("rsa"), key_pair_id=KEY_PAIR_ID)


def make(asset: Asset, key: str, **fields: str) -> AssetFile:
    kind = AssetFile.Kind.PREFIX if key.endswith("/") else AssetFile.Kind.OBJECT
    return AssetFile(asset=asset, kind=kind, key=key, **fields)


def errors(file: AssetFile) -> dict[str, list[str]]:
    try:
        file.full_clean()
    except ValidationError as error:
        return dict(error.message_dict)
    return {}


FITTING = [
    ("k" * 1024, {}),
    ("a/" * 511 + "b", {}),
    (f"{'ü' * 500}/book.pdf", {}),
    (f"{'日' * 338}/a.pdf", {"download_name": "a.pdf"}),
    ("日" * 85 + ".pdf", {}),
    ("book.pdf", {"download_name": "日" * 200 + ".pdf"}),
    ("💿" * 90 + ".pdf", {}),
    ("stream/", {"entry": "k" * 1017}),
    (f"{'ü' * 160}/", {}),
]
TOO_LONG = [
    ("ü" * 513, {}),
    ("日" * 400, {}),
    ("ü" * 512, {}),  # as a key it fits, but its own name doesn't fit into the URL too
    (f"{'日' * 338}/a.pdf", {"download_name": "日" * 100 + ".pdf"}),
    ("book.pdf", {"download_name": "日" * 255}),
    ("stream/", {"entry": "k" * 1018}),
    (f"{'ü' * 171}/", {}),  # a cookie's path
    ("ü" * 511 + "/", {}),
]


@pytest.mark.parametrize(("key", "fields"), FITTING)
@pytest.mark.parametrize("is_bound", [False, True])
def test_what_fits_is_signed_on_all_terms(
    user: User, asset: Asset, key: str, fields: dict[str, str], is_bound: bool
) -> None:
    file = make(asset, key, **fields)
    assert errors(file) == {}
    file.save()
    services.grant(asset, user)
    now = timezone.now()
    request = {
        "viewer": Viewer("203.0.113.255"),
        "bind_to_ip": is_bound,
        "date_greater_than": now + timedelta(hours=1) if is_bound else None,
    }

    if file.is_prefix:
        services.issue_cookies(user, [file], **request)  # type: ignore[arg-type]
    else:
        services.issue_url(user, file, **request)  # type: ignore[arg-type]


@pytest.mark.parametrize(("key", "fields"), TOO_LONG)
def test_what_is_too_long_is_refused(asset: Asset, key: str, fields: dict[str, str]) -> None:
    found = errors(make(asset, key, **fields))

    assert list(found) == ["key"]
    assert len(found["key"]) == 1
    assert "bytes" in found["key"][0]


def test_the_location_counts(asset: Asset, settings: Settings) -> None:
    options = {"bucket_name": "b", "location": "media/ü", "region_name": "eu-central-1"}
    backend = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
    settings.STORAGES = settings.STORAGES | {"protected": backend}

    assert errors(make(asset, "k" * 1015)) == {}  # "media/ü/" has nine bytes
    assert "1,025 bytes" in errors(make(asset, "k" * 1016))["key"][0]


def test_a_key_that_no_url_carries_has_one_error(asset: Asset) -> None:
    assert len(errors(make(asset, "../" + "ü" * 600))["key"]) == 1


def test_an_asset_that_moves_behind_a_longer_location(asset: Asset, settings: Settings) -> None:
    default = settings.CF_PROTECTED["DISTRIBUTIONS"]["default"]
    options = {"bucket_name": "b", "location": "media", "region_name": "eu-central-1"}
    backend = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
    settings.STORAGES = settings.STORAGES | {"long": backend}
    video = {**default, "STORAGE": "long", "DOMAIN": "video.example.com"}
    settings.CF_PROTECTED = {"DISTRIBUTIONS": {"default": default, "video": video}}
    make(asset, "k" * 1024).save()
    asset.full_clean()

    asset.distribution = "video"
    with pytest.raises(ValidationError) as refused:
        asset.full_clean()

    assert list(refused.value.message_dict) == ["distribution"]
    assert "1,030 bytes" in refused.value.message_dict["distribution"][0]
