"""Reach AWS from a key source: a client for each source, and errors that say what to do."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from string import Template
from types import SimpleNamespace
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from cf_protected.cloudfront.secrecy import holds_key, shown
from cf_protected.exceptions import KeySourceError
from cf_protected.key_sources.aws_calls import CALL_ERRORS, Failure, hidden_from_logs
from cf_protected.key_sources.base import KeySource
from cf_protected.process import Once

# boto3's default of a minute would block a web request.
CONNECT_TIMEOUT: Final = 2.0
READ_TIMEOUT: Final = 3.0
# Each thread may wait for KMS to sign. With boto3's ten, connections would be reopened.
_CONNECTIONS: Final = 50

_ALLOW: Final = "Allow {actions} (and kms:Decrypt, if a KMS key of your own encrypts it)"
_NAME: Final = "Check its name, account and Region"
_CREDENTIALS: Final = "Renew or correct the credentials"
_LESS: Final = "Raise the quota, or run fewer processes"
_NETWORK: Final = "Check the Region, the endpoint, routes, security groups and proxy"
_DECRYPTION: Final = "Check the KMS key that encrypts it"
_ANSWER: Final = "Check what is between here and AWS, such as a proxy"

#: What to do about an error, by AWS's code or botocore's class.
#: https://docs.aws.amazon.com/systems-manager/latest/APIReference/CommonErrors.html
_REMEDIES: Final[dict[str, str]] = {
    "AccessDenied": _ALLOW,
    "AccessDeniedException": _ALLOW,
    "ParameterNotFound": _NAME,
    "ParameterVersionNotFound": "Check the version or label after its name",
    "ResourceNotFoundException": _NAME,
    "NotFoundException": _NAME,
    "InvalidRequestException": "Check the secret's state: is it to be deleted?",
    "DisabledException": "Enable the KMS key",
    "KMSInvalidStateException": "Check the KMS key's state",
    "InvalidKeyUsageException": "Make a KMS key for SIGN_VERIFY",
    "InvalidKeyId": _DECRYPTION,
    "DecryptionFailure": _DECRYPTION,
    "ExpiredToken": _CREDENTIALS,
    "ExpiredTokenException": _CREDENTIALS,
    "InvalidClientTokenId": _CREDENTIALS,
    "UnrecognizedClientException": _CREDENTIALS,
    "InvalidSignatureException": f"{_CREDENTIALS}, and check the clock",
    "Throttling": _LESS,
    "ThrottlingException": _LESS,
    "RequestLimitExceeded": _LESS,
    "TooManyRequestsException": _LESS,
    "NoCredentialsError": "Give the process a role, a profile or credentials",
    "PartialCredentialsError": _CREDENTIALS,
    "NoRegionError": "Give the option region",
    "InvalidRegionError": "Correct the option region",
    "ProfileNotFound": "Correct the option profile, or AWS_PROFILE",
    "ConnectTimeoutError": _NETWORK,
    "ReadTimeoutError": _NETWORK,
    "EndpointConnectionError": _NETWORK,
    "ConnectionClosedError": _NETWORK,
    "ProxyConnectionError": _NETWORK,
    "SSLError": _NETWORK,
    "UnreadableAnswer": _ANSWER,
    "IncompleteReadError": _ANSWER,
    "ResponseStreamingError": _ANSWER,
}


@dataclass(frozen=True, kw_only=True)
class AWSAccess:
    """The options of every source in AWS.

    boto3 chooses ``region``, ``profile`` and the credentials unless they are given.
    ``role_arn`` (with ``external_id``) is assumed first; its credentials renew
    themselves. ``endpoint_url`` is for emulators; STS is called there too. Timeouts
    are in seconds, and ``max_attempts`` includes the first one.

    Raises ``ValueError`` for options that can't work.
    """

    region: str | None = None
    profile: str | None = None
    role_arn: str | None = None
    external_id: str | None = field(default=None, repr=False)
    endpoint_url: str | None = None
    connect_timeout: float = CONNECT_TIMEOUT
    read_timeout: float = READ_TIMEOUT
    max_attempts: int = 2

    def __post_init__(self) -> None:
        refuse_keys(**vars(self))
        for name in ("connect_timeout", "read_timeout", "max_attempts"):
            value = getattr(self, name)
            if not (isinstance(value, int | float) and value > 0):
                raise ValueError(f"{name} must be a number above 0, not {shown(value)}")
        if self.endpoint_url is not None and not _is_endpoint(self.endpoint_url):
            found = shown(self.endpoint_url)
            raise ValueError(f"endpoint_url needs https:// or http:// and a host, not {found}")
        if self.external_id is not None and self.role_arn is None:
            raise ValueError("external_id needs role_arn, which is missing")

    def client(self, service: str) -> Any:
        """Make a boto3 client. Raises botocore's errors."""
        import boto3  # noqa: PLC0415 - only a key in AWS needs it

        session = boto3.Session(profile_name=self.profile, region_name=self.region)
        return self._client(session if self.role_arn is None else self._in_role(session), service)

    def _client(self, session: Any, service: str) -> Any:
        from botocore.config import Config  # noqa: PLC0415

        config = Config(
            connect_timeout=self.connect_timeout,
            read_timeout=self.read_timeout,
            retries={"mode": "standard", "total_max_attempts": self.max_attempts},
            max_pool_connections=_CONNECTIONS,
        )
        return session.client(service, endpoint_url=self.endpoint_url, config=config)

    def _in_role(self, session: Any) -> Any:
        """Return a session in ``role_arn``. Its credentials are fetched when first used.

        Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
        """
        import boto3  # noqa: PLC0415
        import botocore.session  # noqa: PLC0415
        from botocore.credentials import (  # noqa: PLC0415
            AssumeRoleCredentialFetcher,
            DeferredRefreshableCredentials,
        )
        from botocore.exceptions import NoCredentialsError  # noqa: PLC0415

        source = session.get_credentials()
        if source is None:
            raise NoCredentialsError
        external = {} if self.external_id is None else {"ExternalId": self.external_id}
        fetcher = AssumeRoleCredentialFetcher(
            # This class's timeouts, with the session's credentials.
            client_creator=lambda service, **_credentials: self._client(session, service),
            source_credentials=source,
            role_arn=self.role_arn,
            extra_args={"RoleSessionName": "cf_protected", **external},
        )
        credentials = DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")
        in_role = botocore.session.Session()
        in_role.register_component(
            "credential_provider", SimpleNamespace(load_credentials=lambda: credentials)
        )
        return boto3.Session(botocore_session=in_role, region_name=session.region_name)


def _is_endpoint(url: str) -> bool:
    from botocore.utils import is_valid_endpoint_url, is_valid_ipv6_endpoint_url  # noqa: PLC0415

    if not isinstance(url, str) or not url.startswith(("https://", "http://")):
        return False
    try:
        _ = urlsplit(url).port  # raises for an impossible one
    except ValueError:
        return False
    return bool(is_valid_endpoint_url(url) or is_valid_ipv6_endpoint_url(url))


class AWSKeySource(KeySource):
    """Base of the sources in AWS: its name in errors, and its client.

    ``${NAME}`` in ``identifier`` stands for an environment variable, so that several
    stacks (dev, stage, prod) can share settings and an account.

    Raises ``ValueError`` and ``TypeError`` for wrong options.
    """

    service: ClassVar[str]
    #: The actions that the IAM policy must allow.
    actions: tuple[str, ...]
    #: The option, if given, that names one key for good: a replaced key would go unnoticed.
    fixed_by: str = ""
    #: What the policy can't say, in one sentence.
    note: ClassVar[str] = ""

    def __init__(self, *, identifier: str, access: Mapping[str, Any]) -> None:
        self.identifier = expand_variables(identifier)
        self.access = AWSAccess(**access)
        self._client = Once(partial(self.access.client, self.service))

    def __repr__(self) -> str:
        return f"<{self.label}>"

    @property
    def label(self) -> str:
        """The source's name in errors."""
        return f"{type(self).__name__} {self.identifier!r}"

    @property
    def permissions_note(self) -> str:
        if self.access.role_arn:
            return (
                f"It belongs to the role {self.access.role_arn}, which the app must be allowed to "
                "assume (sts:AssumeRole)."
            )
        return self.note or super().permissions_note

    @property
    def client(self) -> Any:
        """The client, one for each process. Raises botocore's errors."""
        return self._client.get()

    def ask(self, operation: str, **parameters: Any) -> Any:
        """Return AWS's answer to ``operation``, named as in boto3. Raises ``KeySourceError``."""
        region = ""
        try:
            with hidden_from_logs():
                region = f" in {self.client.meta.region_name}"
                return getattr(self.client, operation)(**parameters)
        except CALL_ERRORS as error:
            failure = Failure.of(error)
        # Not chained: the frames below may hold the answer, and with it the key.
        remedy = _REMEDIES.get(failure.code, "Try the same with the AWS CLI")
        remedy = remedy.format(actions=" and ".join(self.actions))
        raise KeySourceError(f"{self.label}{region}: {failure}. {remedy}.")

    def garbled(self) -> KeySourceError:
        """Return the error for an answer that AWS wouldn't send."""
        return KeySourceError(f"{self.label}: the answer holds no value. {_ANSWER}.")


def access_of(source: KeySource) -> AWSAccess:
    """Return how ``source`` reaches AWS; boto3's own way for a source that isn't in AWS."""
    return source.access if isinstance(source, AWSKeySource) else AWSAccess()


def expand_variables(text: str) -> str:
    """Replace ``${NAME}`` with the environment variable's value.

    Raises ``ValueError`` if it isn't set, or if it holds the key in place of its name.
    """
    if not isinstance(text, str) or not text:
        found = "an empty text" if text == "" else type(text).__name__
        raise ValueError(f"give a name in AWS, not {found}")
    _refuse_key(text)
    try:
        expanded = Template(text).substitute(os.environ)
    except KeyError as error:
        raise ValueError(
            f"{text!r} names the environment variable {error.args[0]}, which isn't set"
        ) from error
    _refuse_key(expanded)  # ECS and others can put a secret's value, not its name, into a variable
    return expanded


def _refuse_key(name: str) -> None:
    if holds_key(name):
        raise ValueError("give a name in AWS, not the key itself")


def refuse_keys(**options: object) -> None:
    """Raise ``ValueError`` if an option holds a key: AWS's errors would show it."""
    for name, value in options.items():
        if holds_key(value):
            raise ValueError(f"{name} is the key itself")
