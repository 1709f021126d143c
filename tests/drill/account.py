"""CloudFront's books: what ministack's CloudFront doesn't keep as AWS's does."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple
from xml.etree import ElementTree

from tests.doctor.aws import error_xml
from tests.drill.edges import Network

MAX_PUBLIC_KEYS = 10
MAX_GROUP_MEMBERS = 5

_PUBLIC_KEY = re.compile(r"/2020-05-31/public-key(?:/(\w+))?")
_KEY_GROUP = re.compile(r"/2020-05-31/key-group(?:/([\w-]+))?")
_DISTRIBUTIONS_OF_GROUP = re.compile(r"/2020-05-31/distributionsByKeyGroupId/[\w-]+")
_DISTRIBUTION = re.compile(r"/2020-05-31/distribution/(\w+)")


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


class Account:
    """CloudFront's books of one account with one key group and one distribution.

    ``tells_status`` says whether the distribution is InProgress while edges don't know yet,
    which AWS doesn't document. ``most_public_keys`` and ``most_members`` are the most there
    ever were at a time.
    """

    def __init__(self, clock: Callable[[], float], network: Network, *, tells_status: bool) -> None:
        self._clock = clock
        self._network = network
        self._tells_status = tells_status
        self._changed = clock()
        self.public_keys: dict[str, tuple[str, str]] = {}
        self.members: tuple[str, ...] = ()
        self.distribution_id = ""
        self.most_public_keys = self.most_members = 0

    def refuse(self, method: str, path: str, body: bytes) -> Answer | None:
        """The answer to what AWS doesn't do and ministack does."""
        if method == "GET" and _DISTRIBUTIONS_OF_GROUP.fullmatch(path):
            return _answer(200, _id_list(self.distribution_id))
        if method == "POST" and _PUBLIC_KEY.fullmatch(path):
            if _text(body, "Name") in {name for name, _ in self.public_keys.values()}:
                return _refusal(409, "PublicKeyAlreadyExists")
            if len(self.public_keys) >= MAX_PUBLIC_KEYS:
                return _refusal(400, "TooManyPublicKeys")
        is_group = method in ("POST", "PUT") and _KEY_GROUP.fullmatch(path)
        if is_group and len(_members(body)) > MAX_GROUP_MEMBERS:
            return _refusal(400, "TooManyPublicKeysInKeyGroup")
        return None

    def note(self, method: str, path: str, answer: Answer) -> None:
        """Keep the books, and tell the edges."""
        if method == "GET" or answer.status >= 300:
            return
        if match := _PUBLIC_KEY.fullmatch(path):
            if method == "DELETE":
                del self.public_keys[match[1]]
            else:
                key = _text(answer.body, "Name"), _text(answer.body, "EncodedKey")
                self.public_keys[_text(answer.body, "Id")] = key
        elif _KEY_GROUP.fullmatch(path):
            self.members = () if method == "DELETE" else _members(answer.body)
            self._changed = self._clock()
            self._network.publish({id_: self.public_keys[id_][1] for id_ in self.members})
        self.most_public_keys = max(self.most_public_keys, len(self.public_keys))
        self.most_members = max(self.most_members, len(self.members))

    def retell(self, path: str, answer: Answer) -> Answer:
        """The answer as AWS has it at the simulated time."""
        if _KEY_GROUP.match(path):
            changed = datetime.fromtimestamp(self._changed, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            return _with(answer, "LastModifiedTime", changed)
        if _DISTRIBUTION.fullmatch(path) and self._tells_status:
            is_deployed = self._network.is_deployed
            return _with(answer, "Status", "Deployed" if is_deployed else "InProgress")
        return answer


def _answer(status: int, xml: str) -> Answer:
    return Answer(status, {"Content-Type": "text/xml"}, xml.encode())


def _refusal(status: int, code: str) -> Answer:
    return _answer(status, error_xml(code, "Refused."))


def _id_list(distribution_id: str) -> str:
    ids = f"<DistributionId>{distribution_id}</DistributionId>" if distribution_id else ""
    return (
        "<DistributionIdList><MaxItems>100</MaxItems><IsTruncated>false</IsTruncated>"
        f"<Quantity>{len(ids) and 1}</Quantity><Items>{ids}</Items></DistributionIdList>"
    )


def _texts(body: bytes, tag: str) -> list[str]:
    root = ElementTree.fromstring(body)
    return [one.text or "" for one in root.iter() if one.tag.rpartition("}")[2] == tag]


def _text(body: bytes, tag: str) -> str:
    return _texts(body, tag)[0]


def _members(body: bytes) -> tuple[str, ...]:
    return tuple(_texts(body, "PublicKey"))


def _with(answer: Answer, tag: str, text: str) -> Answer:
    body = re.sub(f"<{tag}>[^<]*</{tag}>".encode(), f"<{tag}>{text}</{tag}>".encode(), answer.body)
    return answer._replace(body=body)
