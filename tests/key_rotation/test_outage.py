"""A process that is cut off from its secret signs nothing that CloudFront refuses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cf_protected import conf
from cf_protected.cloudfront.keys import SigningKey
from cf_protected.cloudfront.signer import CloudFrontSigner
from cf_protected.distributions.distribution import Distribution
from cf_protected.exceptions import InvalidKey, KeySourceError
from cf_protected.key_sources.base import KeySource
from cf_protected.key_sources.cached import CachedKeySource
from tests.conftest import Configure
from tests.key_rotation.cloud import Cloud
from tests.key_rotation.test_commands import rotate, run, use
from tests.key_rotation.test_rotation import edge
from tests.key_sources.caches import longest

#: How far the process's clock is ahead of the rotation's.
AHEAD = timedelta(minutes=4)


class Cable(KeySource):
    """Reaches the secret until it is cut."""

    def __init__(self, source: KeySource) -> None:
        self.source = source
        self.is_cut = False

    def get_signing_key(self) -> SigningKey:
        if self.is_cut:
            raise KeySourceError("The network is down.")
        return self.source.get_signing_key()


def test_the_last_url_of_a_process_that_is_cut_off(
    cloud: Cloud, configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")  # ministack takes the ID for the account
    use(cloud, "ssm", configure)
    configure({"ROTATION_OVERLAP": timedelta(seconds=1)})
    settings = conf.current().distributions["default"]
    run("cf_create_key")
    (old,) = cloud.members()
    cable = Cable(cloud.source("ssm"))
    rotate(cloud)
    cloud.sleep(300)
    process = CachedKeySource(
        cable,
        lifetime=settings.key_source.lifetime,
        stale_limit=settings.key_source.stale_limit,
        clock=cloud.now,
        uniform=longest,
    )
    assert process.get_signing_key().key_pair_id == old
    rotate(cloud)
    cable.is_cut = True
    last = settings.key_source.lifetime + settings.key_source.stale_limit - timedelta(seconds=30)
    cloud.sleep(last.total_seconds())

    signer = CloudFrontSigner(process.get_signing_key())
    assert signer.signing_key.key_pair_id == old
    now = datetime.fromtimestamp(cloud.now(), UTC)
    expiry = Distribution("default", settings).expiry(now + AHEAD, settings.max_lifetime)
    url = signer.sign_url("https://downloads.example.com/a.pdf", date_less_than=expiry)

    cloud.sleep((expiry - now).total_seconds() - 1)
    rotate(cloud)
    edge(cloud).verify(url, now=expiry - timedelta(seconds=1))
    cloud.sleep(3600)
    rotate(cloud)
    with pytest.raises(InvalidKey):
        edge(cloud).verify(url, now=expiry - timedelta(seconds=1))
