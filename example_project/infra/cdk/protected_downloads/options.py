"""The options of a stack, with the same names and defaults as Terraform's variables."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields

from constructs import Node


@dataclass(frozen=True, kw_only=True)
class Options:
    """Options from ``context`` in ``cdk.json``.

    Raises ``ValueError`` for a wrong one, and for two that don't fit together.
    """

    #: Starts the name of everything, so that several stacks live in one account.
    prefix: str
    #: Let ``cdk destroy`` delete the files, the logs and the users too.
    force_destroy: bool = False
    #: How many days a replaced or deleted file can be restored.
    keep_replaced_files_days: int = 90

    #: Your domains, the one that URLs are signed for first; none: CloudFront's own.
    aliases: list[str] = field(default_factory=list)
    #: ACM certificate for the aliases, from us-east-1.
    certificate_arn: str | None = None
    #: Path pattern of the files that need no signature.
    public_path: str = "public/*"
    #: Origins whose pages play, show or upload files.
    app_origins: list[str] = field(default_factory=list)
    #: Turn it off if you sign for IP addresses, which are IPv4 in a policy.
    ipv6_enabled: bool = True
    #: Where the edges are: PriceClass_100, PriceClass_200 or PriceClass_All.
    price_class: str = "PriceClass_100"

    #: The Lambda's code, from ``manage.py cf_build_rotation_lambda``.
    rotation_zip: str = "rotation.zip"
    #: What the zip was built for: arm64 or x86_64.
    rotation_architecture: str = "arm64"
    #: P-256, whose signatures are short and quick, or RSA-2048.
    key_type: str = "P-256"
    #: Days between two signing keys; more than the overlap.
    rotate_after_days: int = 90
    #: How many hours a replaced key stays trusted: ROTATION_OVERLAP of the settings.
    overlap_hours: int = 24
    #: https URL of a protected file that a new key must open before it is used.
    canary_url: str | None = None
    #: Public keys made by hand that stay trusted, in a key group of their own.
    existing_public_key_ids: list[str] = field(default_factory=list)
    #: Further environment variables of the function, such as CF_SETTLE_SECONDS.
    function_environment: dict[str, str] = field(default_factory=dict)

    #: The role that Django runs as; it gets the policy. None: attach it yourself.
    app_role_name: str | None = None

    #: Keep CloudFront's standard logs. They hold signed URLs.
    logs_enabled: bool = False
    keep_logs_days: int = 30
    #: A role for uploads straight from browsers.
    uploads_enabled: bool = False
    uploads_prefix: str = "uploads/"
    #: A Cognito user pool with a client.
    sign_in_enabled: bool = False
    sign_in_callback_urls: list[str] = field(default_factory=list)
    sign_in_logout_urls: list[str] = field(default_factory=list)

    @classmethod
    def from_context(cls, node: Node) -> Options:
        """Return the options of ``cdk.json`` and ``--context``, with defaults for the rest."""
        given = {f.name: node.try_get_context(f.name) for f in fields(cls)}
        return cls(**{name: value for name, value in given.items() if value is not None})

    def __post_init__(self) -> None:
        for is_wrong, problem in self._problems():
            if is_wrong:
                raise ValueError(problem)

    def _problems(self) -> list[tuple[bool, str]]:
        exact = [bool(re.fullmatch(r"https?://[^/*]+", origin)) for origin in self.app_origins]
        return [
            (
                not re.fullmatch(r"[a-z][a-z0-9-]{1,28}[a-z0-9]", self.prefix),
                "prefix: take 3 to 30 small letters, digits and hyphens, such as shop-prod.",
            ),
            (
                bool(self.certificate_arn) != bool(self.aliases),
                "aliases and certificate_arn: give them together.",
            ),
            (
                not all(exact),
                "app_origins: give scheme and host, no path, no wildcard: cookies go to exact "
                "origins only.",
            ),
            (
                self.rotate_after_days * 24 <= self.overlap_hours,
                "rotate_after_days: rotate less often: the replaced key must be gone by then "
                "(overlap_hours).",
            ),
            (
                len(self.existing_public_key_ids) > 5,
                "existing_public_key_ids: a key group takes 5 public keys.",
            ),
            (
                self.uploads_enabled and not (self.app_role_name and self.app_origins),
                "uploads_enabled: needs app_role_name, which hands the role out, and app_origins.",
            ),
            (
                self.sign_in_enabled and not self.sign_in_callback_urls,
                "sign_in_enabled: the client needs sign_in_callback_urls.",
            ),
        ]
