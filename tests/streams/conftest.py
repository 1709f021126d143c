"""A stream at the origin, its neighbour, and an edge in front of them."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages
from pytest_django import Settings

from cf_protected import services
from cf_protected.cloudfront.verifier import CloudFrontVerifier
from cf_protected.distributions import distributions
from cf_protected.edge.edge import Edge
from cf_protected.edge.server import running
from cf_protected.models import Asset, AssetFile, Grant
from tests.accounts.models import User
from tests.conftest import Configure
from tests.doubles import CountingKey, GivenKeySource
from tests.edge import client
from tests.keys import signing_key

FOLDER: Final = "films/course-1/"
NEIGHBOUR: Final = "films/course-10/"

MASTER: Final = """#EXTM3U
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="English",URI="audio/index.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=800000,AUDIO="a"
360p/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=2400000,AUDIO="a"
/films/course-1/720p/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=1
../course-10/master.m3u8
"""
MEDIA: Final = """#EXTM3U
#EXT-X-TARGETDURATION:4
#EXT-X-KEY:METHOD=AES-128,URI="../keys/1.bin"
#EXT-X-MAP:URI="init.mp4"
#EXTINF:4,
segment-1.m4s
#EXTINF:4,
#EXT-X-BYTERANGE:4@2
segment 2.m4s
#EXT-X-ENDLIST
"""
RENDITIONS: Final = ("audio", "360p", "720p")


@pytest.fixture
def storage(settings: Settings) -> Storage:
    """The distribution's storage, with a stream and its neighbour."""
    settings.STORAGES = dict(settings.STORAGES)
    storage = storages["protected"]
    for folder in (FOLDER, NEIGHBOUR):
        put(storage, f"{folder}master.m3u8", MASTER)
        put(storage, f"{folder}keys/1.bin", "0123456789abcdef")
        for rendition in RENDITIONS:
            put(storage, f"{folder}{rendition}/index.m3u8", MEDIA)
            for name in ("init.mp4", "segment-1.m4s", "segment 2.m4s"):
                put(storage, f"{folder}{rendition}/{name}", f"bytes of {rendition}/{name}")
    return storage


def put(storage: Storage, name: str, content: str | bytes) -> None:
    data = content.encode() if isinstance(content, str) else content
    assert storage.save(name, ContentFile(data)) == name


@pytest.fixture
def stream(asset: Asset, storage: Storage) -> AssetFile:
    """The film as a folder."""
    return AssetFile.objects.create(
        asset=asset,
        kind=AssetFile.Kind.PREFIX,
        key=FOLDER,
        entry="master.m3u8",
        name="Lesson 1",
    )


@pytest.fixture
def limited(user: User, stream: AssetFile) -> Grant:
    return services.grant(stream.asset, user, max_downloads=1)


@pytest.fixture
def key(use_key_source: Configure, configure: Configure) -> CountingKey:
    """A P-256 key, whose signatures are never the same twice, and a step that won't end."""
    counting = CountingKey(signing_key("p256"))
    use_key_source(GivenKeySource, key=counting)
    configure({"EXPIRY_STEP": timedelta(days=365)})
    return counting


@dataclass
class CDN:
    """The running edge of the default distribution, and its clock."""

    address: tuple[str, int]
    now: float

    @property
    def origin(self) -> str:
        return f"http://{client.host_of(self.address)}"

    def get(self, url: str, **headers: str) -> client.Answer:
        """What a viewer gets for the URL, which has to be of this edge."""
        assert url.startswith(f"{self.origin}/")
        return client.fetch(self.address, url.removeprefix(self.origin), headers=headers)

    def status(self, url: str, **headers: str) -> int:
        return self.get(url, **headers).status


@pytest.fixture
def cdn(storage: Storage, configure: Configure) -> Iterator[CDN]:
    """An edge in front of the storage, which the distribution's URLs lead to."""

    def verifier() -> CloudFrontVerifier:
        key = distributions["default"].key_source.get_signing_key()
        return CloudFrontVerifier({key.key_pair_id: key.public_key})

    cdn = CDN(("127.0.0.1", 0), time.time())
    edge = Edge(storage=storage, verifier=verifier, now=lambda: cdn.now)
    with running(edge) as server:
        cdn.address = ("127.0.0.1", server.port)
        configure({"SCHEME": "http", "DOMAIN": f"127.0.0.1:{server.port}"})
        yield cdn


def uris(playlist: str) -> list[str]:
    """The URIs of a playlist, in attributes and on lines of their own."""
    found = re.findall(r'URI="([^"]+)"|^([^#\n].*)$', playlist, re.MULTILINE)
    return [attribute or line for attribute, line in found]


def path_of(url: str) -> str:
    return urlsplit(url).path
