from __future__ import annotations

import pytest
from django.core.files.base import ContentFile
from django.test import Client

from cf_protected import services
from cf_protected.distributions import distributions
from cf_protected.models import Asset, AssetFile, Grant
from cf_protected.oidc.models import Identity
from tests.accounts.models import User
from tests.conftest import Configure
from tests.oidc.conftest import configure_issuer, configure_issuers, issuer, no_proxy
from tests.oidc.issuer import Issuer

__all__ = ["configure_issuer", "configure_issuers", "issuer", "no_proxy"]


@pytest.fixture
def other(other_user: User) -> Client:
    """A browser of somebody who bought nothing."""
    client = Client()
    client.force_login(other_user)
    return client


@pytest.fixture
def folder(asset: Asset) -> AssetFile:
    """A stream beside the asset's file."""
    storage = distributions["default"].storage
    storage.save("streams/tide/master.m3u8", ContentFile(b"#EXTM3U\n#EXTINF:4,\n1.ts\n"))
    return AssetFile.objects.create(
        asset=asset,
        kind=AssetFile.Kind.PREFIX,
        key="streams/tide/",
        entry="master.m3u8",
        position=2,
    )


@pytest.fixture
def limited(user: User, asset: Asset) -> Grant:
    return services.grant(asset, user, max_downloads=3)


@pytest.fixture
def token(user: User, issuer: Issuer, configure_issuer: Configure) -> str:
    """An access token of the user's, of an issuer on this machine."""
    configure_issuer()
    Identity.objects.create(user=user, issuer=issuer.url, subject="ada")
    return issuer.token()
