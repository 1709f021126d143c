"""What a rotation is for, and the rules it keeps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

#: CloudFront's quotas: public keys of an account, and keys of a group. AWS raises only the
#: second.
#: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
MAX_PUBLIC_KEYS: Final = 10
MAX_GROUP_MEMBERS: Final = 5


@dataclass(frozen=True, kw_only=True)
class Rules:
    """The names, times and quotas of a rotation.

    ``name`` is the key group's name, for creating it. ``overlap`` is how long a replaced key
    stays trusted: the longest life of a URL or cookie, plus the time for which a process that is
    cut off from its secret still signs with the old key, plus a margin for differing clocks.
    ``settle`` is the age at which a change of the group counts as known to every edge.
    ``poll`` is the pause between two questions to AWS.
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
    """What to do, apart from finishing a rotation that was begun.

    ``replace`` is the ID of the key to replace; the goal is reached when another key signs.
    ``create`` makes the first key. ``distrusted`` are leaked keys, which get no overlap.
    """

    replace: str | None = None
    create: bool = False
    distrusted: frozenset[str] = frozenset()
