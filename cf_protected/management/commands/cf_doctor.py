"""``manage.py cf_doctor``: check the setup of CloudFront, AWS and the bucket."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand
from django.db import Error as DatabaseError

from cf_protected.distributions import distributions
from cf_protected.doctor.facts import Facts
from cf_protected.doctor.findings import Finding, Verdict
from cf_protected.doctor.permissions import app_policy, doctor_policy, place_of
from cf_protected.doctor.questions import QUESTIONS, examine
from cf_protected.management.arguments import add_distribution, add_json
from cf_protected.management.errors import command_errors
from cf_protected.models import AssetFile

_VERDICT_WIDTH = max(len(verdict) for verdict in Verdict)
_QUESTION_WIDTH = max(len(question.text) for question in QUESTIONS)


class Command(BaseCommand):
    """Prints a line for each question, without keys and signatures."""

    help = (
        "Asks CloudFront, AWS and the bucket whether a distribution is set up right. Exits with "
        "1 if an answer is 'failed', not for 'warning' and 'unknown'."
    )
    # They fail for a key that can't be read, which is what this command explains.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_distribution(parser)
        parser.add_argument(
            "--key",
            default="",
            help="Object of the storage to ask for (default: a file of the distribution's assets).",
        )
        add_json(parser, help="Print the findings as JSON.")
        parser.add_argument(
            "--policy",
            action="store_true",
            help="Only print the IAM policies that the app and this command need.",
        )

    def handle(
        self,
        *args: object,
        distribution: str,
        key: str,
        as_json: bool,
        policy: bool,
        **options: Any,
    ) -> None:
        facts = _load(distribution, key)
        if policy:
            self._print_policies(facts, as_json=as_json)
            return
        findings = []
        for finding in examine(facts):
            findings.append(finding)
            if not as_json:
                self._print(finding)
        if as_json:
            self.stdout.write(json.dumps([asdict(finding) for finding in findings], indent=2))
        if any(finding.verdict == Verdict.FAILED for finding in findings):
            sys.exit(1)

    def _print(self, finding: Finding) -> None:
        verdict = self._style(finding.verdict)(f"{finding.verdict:{_VERDICT_WIDTH}}")
        self.stdout.write(f"{verdict}  {finding.question:{_QUESTION_WIDTH}}  {finding.evidence}")
        if finding.remedy:
            self.stdout.write(f"{'':{_VERDICT_WIDTH}}  {finding.remedy}")
        self.stdout.flush()

    def _style(self, verdict: Verdict) -> Callable[[str], str]:
        styles: dict[Verdict, Callable[[str], str]] = {
            Verdict.OK: self.style.SUCCESS,
            Verdict.FAILED: self.style.ERROR,
        }
        return styles.get(verdict, self.style.WARNING)

    def _print_policies(self, facts: Facts, *, as_json: bool) -> None:
        place = place_of(facts)
        app, doctor = app_policy(facts, place), doctor_policy(facts, place)
        if as_json:
            self.stdout.write(json.dumps({"app": app, "doctor": doctor}, indent=2))
            return
        self.stdout.write(self.style.MIGRATE_HEADING("The app, to sign:"))
        if app:
            self.stdout.write(json.dumps(app, indent=2))
        self.stdout.write(facts.source.permissions_note)
        self.stdout.write(self.style.MIGRATE_HEADING("\nOnly cf_doctor, in addition:"))
        self.stdout.write(json.dumps(doctor, indent=2))


def _load(alias: str, key: str) -> Facts:
    with command_errors():
        distribution = distributions[alias]
        _ = distribution.storage
    return Facts(distribution, key or _any_key(alias))


def _any_key(alias: str) -> str:
    """Return the object of any file, but of no folder; an empty string without one."""
    files = AssetFile.objects.filter(asset__distribution=alias).exclude(key__endswith="/")
    try:
        return files.order_by("pk").values_list("key", flat=True).first() or ""
    except DatabaseError:  # the doctor must work even when the database is down
        return ""
