"""All questions, ordered so that a cause comes before its effects."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from cf_protected.doctor import bucket, downloads, keys, objects, viewers
from cf_protected.doctor.facts import Facts
from cf_protected.doctor.findings import Finding, Outcome, Unanswered


class Question(NamedTuple):
    """A question. Its ``id`` is stable, its ``text`` isn't."""

    id: str
    text: str
    answer: Callable[[Facts], Outcome]


QUESTIONS: Final = (
    Question("key", "Can the key be read?", keys.key),
    Question("distribution", "Is the distribution deployed?", keys.distribution),
    Question("public_key", "Does CloudFront hold the same key?", keys.public_key),
    Question("key_group", "Is the key trusted here?", keys.key_group),
    Question("unsigned", "Is an unsigned request refused?", downloads.unsigned),
    Question("clock", "Is the clock right?", downloads.clock),
    Question("signed", "Is a signed request served?", downloads.signed),
    Question("sha256", "Is SHA-256 accepted?", downloads.sha256),
    Question("bucket", "Is the bucket private?", bucket.privacy),
    Question("disposition", "Do downloads have their names?", bucket.disposition),
    Question("encoding", "Are files stored as they are?", objects.encoding),
    Question("overlaps", "Do assets keep apart?", objects.separation),
    Question("cookie_domain", "Do cookies reach CloudFront?", viewers.cookie_domain),
    Question("ipv6", "Is IPv6 off?", viewers.ipv6),
)


def examine(facts: Facts) -> Iterator[Finding]:
    """Ask each question in turn. An unanswered one doesn't stop the others."""
    for question in QUESTIONS:
        try:
            outcome = question.answer(facts)
        except Unanswered as reason:
            outcome = reason.outcome
        yield Finding(question.id, question.text, outcome.verdict, outcome.evidence, outcome.remedy)
