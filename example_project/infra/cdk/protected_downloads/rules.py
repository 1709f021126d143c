"""What makes options wrong: the same rules as those of Terraform's variables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from protected_downloads.options import Options

PREFIX = re.compile(r"[a-z][a-z0-9-]{1,28}[a-z0-9]")
# Folders, each with its slash: no wildcard, no empty or dot segment, no variable of IAM's.
FOLDER = re.compile(r"([A-Za-z0-9_-][A-Za-z0-9_.-]*/)+")
ALIAS = re.compile(r"(\*\.)?([a-z0-9-]+\.)+[a-z0-9-]+")
CERTIFICATE = re.compile(r"arn:[a-z-]+:acm:us-east-1:[0-9]{12}:certificate/[a-z0-9-]+")
# As browsers send them.
ORIGIN = re.compile(
    r"(https://([a-z0-9-]+\.)*[a-z0-9-]+|http://(localhost|127\.0\.0\.1))(:[0-9]+)?"
)
# A plain path: no other spelling of a public file can pass for a protected one.
CANARY = re.compile(
    r"https://(?:[A-Za-z0-9-]+\.)+[A-Za-z0-9-]+/((?:[A-Za-z0-9_-][A-Za-z0-9_.-]*/)*"
    r"[A-Za-z0-9_-][A-Za-z0-9_.-]*)"
)
PUBLIC_KEY_ID = re.compile(r"K[A-Z0-9]+")
EMAIL = re.compile(r"[^@,\s]+@[^@,\s]+")

TLS_POLICIES = ("TLSv1.2_2021", "TLSv1.2_2025", "TLSv1.3_2025")
PRICE_CLASSES = ("PriceClass_100", "PriceClass_200", "PriceClass_All")
ARCHITECTURES = ("arm64", "x86_64")
KEY_TYPES = ("P-256", "RSA-2048")
OWN_VARIABLES = {
    "CF_CANARY_URL",
    "CF_KEY_GROUP",
    "CF_KEY_TYPE",
    "CF_MAX_AGE_SECONDS",
    "CF_OVERLAP_SECONDS",
    "CF_SECRET_ID",
}


def problems(options: Options) -> Iterator[str]:
    """Yield what is wrong with the options, starting with the option's name."""
    if not PREFIX.fullmatch(options.prefix):
        yield "prefix: take 3 to 30 small letters, digits and hyphens, such as shop-prod."
    yield from _of_domains(options)
    yield from _of_choices(options)
    yield from _of_paths(options)
    yield from _of_the_canary(options)
    yield from _of_the_key(options)
    yield from _of_optional_parts(options)


def _of_domains(options: Options) -> Iterator[str]:
    if not all(map(ALIAS.fullmatch, options.aliases)):
        yield (
            "aliases: give domains in small letters, such as downloads.example.com: no scheme, "
            "no port, no path."
        )
    if options.aliases and options.aliases[0].startswith("*"):
        yield "aliases: URLs are signed for the first one, so it can't have a wildcard."
    if (options.certificate_arn is None) != (not options.aliases):
        yield "certificate_arn: give it together with aliases."
    if options.certificate_arn is not None and not CERTIFICATE.fullmatch(options.certificate_arn):
        yield (
            "certificate_arn: give the ARN of a certificate in ACM in us-east-1: CloudFront takes "
            "no other."
        )
    exact = [ORIGIN.fullmatch(o) and not o.endswith(":443") for o in options.app_origins]
    if not all(exact):
        yield (
            "app_origins: give https:// and the host as browsers send them: small letters, no "
            "path, no wildcard, no :443. http:// is for localhost only."
        )


def _of_choices(options: Options) -> Iterator[str]:
    if options.minimum_protocol_version not in TLS_POLICIES:
        yield (
            f"minimum_protocol_version: take {_either(TLS_POLICIES)}: older ones allow weak "
            "ciphers."
        )
    if options.price_class not in PRICE_CLASSES:
        yield f"price_class: take {_either(PRICE_CLASSES)}."
    if options.rotation_architecture not in ARCHITECTURES:
        yield f"rotation_architecture: take {_either(ARCHITECTURES)}, what the zip was built for."
    if options.key_type not in KEY_TYPES:
        yield f"key_type: CloudFront accepts {_either(KEY_TYPES)}."


def _either(choices: tuple[str, ...]) -> str:
    return f"{', '.join(choices[:-1])} or {choices[-1]}"


def _of_paths(options: Options) -> Iterator[str]:
    public = options.public_folder
    if not options.public_path.endswith("*") or not FOLDER.fullmatch(public):
        yield (
            "public_path: give a folder and *, such as public/*. Without the slash, public* would "
            "open publications/ too."
        )
    uploads = options.uploads_prefix
    if not FOLDER.fullmatch(uploads):
        yield (
            "uploads_prefix: give a folder with a slash at its end, such as uploads/: without a "
            "folder, browsers could write the whole bucket."
        )
    if uploads.startswith(public) or public.startswith(uploads):
        yield (
            "uploads_prefix: keep it apart from public_path: what is uploaded would open without "
            "a signature."
        )


def _of_the_canary(options: Options) -> Iterator[str]:
    if options.canary_url is None:
        return
    url = CANARY.fullmatch(options.canary_url)
    if url is None:
        yield (
            "canary_url: give an https URL with a plain path, such as "
            "https://downloads.example.com/canary.txt."
        )
    elif url[1].startswith(options.public_folder):
        yield (
            "canary_url: name a protected file: one below public_path opens with any key, so it "
            "tests nothing."
        )


def _of_the_key(options: Options) -> Iterator[str]:
    if options.rotate_after_days * 24 <= options.overlap_hours:
        yield (
            "rotate_after_days: rotate less often: the replaced key must be gone by then "
            "(overlap_hours)."
        )
    if not 1 <= options.rotate_after_days <= 1000:
        yield "rotate_after_days: Secrets Manager rotates after 1 to 1000 days."
    if options.overlap_hours < 0:
        yield "overlap_hours: give hours, 0 or more."
    if len(options.existing_public_key_ids) > 5:
        yield "existing_public_key_ids: a key group takes 5 public keys."
    if not all(map(PUBLIC_KEY_ID.fullmatch, options.existing_public_key_ids)):
        yield (
            "existing_public_key_ids: give IDs of CloudFront's public keys, such as "
            "K2JCJMDEHXQW5F; not of key groups."
        )
    if OWN_VARIABLES & options.function_environment.keys():
        yield (f"function_environment: {', '.join(sorted(OWN_VARIABLES))} come from other options.")
    if not all(map(EMAIL.fullmatch, options.alarm_emails)):
        yield "alarm_emails: give one email address in each element."


def _of_optional_parts(options: Options) -> Iterator[str]:
    if options.uploads_enabled and not (options.app_role_name and options.app_origins):
        yield "uploads_enabled: needs app_role_name, which hands the role out, and app_origins."
    if options.sign_in_enabled and not options.sign_in_callback_urls:
        yield "sign_in_enabled: the client needs sign_in_callback_urls."
