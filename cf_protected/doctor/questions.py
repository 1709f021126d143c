"""All questions, in the order in which one answer leads to the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from cf_protected.doctor import downloads, keys, origin, viewers
from cf_protected.doctor.facts import Facts
from cf_protected.doctor.findings import Finding, Outcome, Unanswered


class Question(NamedTuple):
    """A question; ``id`` is stable."""

    id: str
    text: str
    answer: Callable[[Facts], Outcome]


QUESTIONS: Final = (
    Question("key", "Can the key be read?", keys.key),
    Question("distribution", "Is the distribution deployed?", keys.distribution),
    Question("public_key", "Has CloudFront the same key?", keys.public_key),
    Question("key_group", "Is the key trusted here?", keys.key_group),
    Question("unsigned", "Is an unsigned request refused?", downloads.unsigned),
    Question("clock", "Is the clock right?", downloads.clock),
    Question("signed", "Is a signed request served?", downloads.signed),
    Question("sha256", "Is SHA-256 accepted?", downloads.sha256),
    Question("bucket", "Does the bucket refuse others?", origin.bucket),
    Question("disposition", "Do downloads have their names?", origin.disposition),
    Question("cookie_domain", "Do cookies reach CloudFront?", viewers.cookie_domain),
    Question("ipv6", "Do addresses fit signatures?", viewers.ipv6),
)


def examine(facts: Facts) -> Iterator[Finding]:
    """Ask all questions, one after the other; none ends the examination."""
    for question in QUESTIONS:
        try:
            outcome = question.answer(facts)
        except Unanswered as reason:
            outcome = reason.outcome
        yield Finding(question.id, question.text, outcome.verdict, outcome.evidence, outcome.remedy)
