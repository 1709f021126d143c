"""The options of a stack, with the same names and defaults as Terraform's variables.

Only ``minimum_protocol_version`` is newer here: Terraform's provider 5 doesn't take it yet."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from constructs import Node

from protected_downloads.rules import problems


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
    #: CloudFront's TLS policy for the aliases.
    minimum_protocol_version: str = "TLSv1.2_2025"
    #: Path pattern of the files that need no signature: a folder and *.
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
    overlap_hours: int = 48
    #: https URL of a protected file that a new key must open before it is used.
    canary_url: str | None = None
    #: Public keys made by hand that stay trusted, in a key group of their own.
    existing_public_key_ids: list[str] = field(default_factory=list)
    #: Further environment variables of the function, such as CF_SETTLE_SECONDS.
    function_environment: dict[str, str] = field(default_factory=dict)
    #: Addresses to write to when rotations keep failing; each must confirm AWS's mail.
    alarm_emails: list[str] = field(default_factory=list)

    #: The role that Django runs as; it gets the policy. None: attach it yourself.
    app_role_name: str | None = None

    #: Keep CloudFront's standard logs. They hold signed URLs.
    logs_enabled: bool = False
    keep_logs_days: int = 30
    #: A role for uploads straight from browsers.
    uploads_enabled: bool = False
    #: The folder that browsers upload to, with its slash at the end.
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
        for problem in problems(self):
            raise ValueError(problem)

    @property
    def public_folder(self) -> str:
        """The folder of ``public_path``, with its slash."""
        return self.public_path.removesuffix("*")
