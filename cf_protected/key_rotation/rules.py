"""What a rotation is for, and the rules it keeps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

#: What CloudFront allows: public keys of an account, and in a key group. Only the second
#: can be raised.
#: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
MAX_PUBLIC_KEYS: Final = 10
MAX_GROUP_MEMBERS: Final = 5


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What a rotation keeps to.

    ``name`` is the key group's if it is to be made. ``overlap`` is how
    long a replaced key stays trusted: the longest life of a URL or cookie, and the
    key cache's. ``settle`` is how old a change of the group is at least before it is
    taken to have reached every edge, and ``poll`` how often is asked for something.
    """

    name: str
    overlap: timedelta
    settle: timedelta = timedelta(minutes=5)
    poll: timedelta = timedelta(seconds=20)
    has_canary: bool = False
    max_public_keys: int = MAX_PUBLIC_KEYS
    max_group_members: int = MAX_GROUP_MEMBERS


@dataclass(frozen=True, kw_only=True)
class Goal:
    """What is wanted besides finishing what was begun.

    ``replace`` is the ID of the key to replace: when another one signs, that is done.
    ``create`` makes the first key. ``distrusted`` are leaked keys, which get no overlap.
    """

    replace: str | None = None
    create: bool = False
    distrusted: frozenset[str] = frozenset()
