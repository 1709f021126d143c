"""A signing key in Secrets Manager."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Final

from cf_protected.cloudfront.keys import SigningKey
from cf_protected.key_sources.aws import AWSKeySource, refuse_keys
from cf_protected.key_sources.iam import Place, Statement, allow
from cf_protected.key_sources.ids import id_option
from cf_protected.key_sources.secret import signing_key

#: The staging label of the version that is used unless another one is named.
CURRENT: Final = "AWSCURRENT"


class SecretsManagerKeySource(AWSKeySource):
    """The key in the secret ``secret_id``, a name or an ARN.

    Its value is the JSON ``{"key_pair_id": …, "private_key": …}``, or a bare key with the
    option ``key_pair_id``. ``version_stage`` is ``AWSCURRENT`` unless given;
    ``version_id`` names one version instead. More options: see ``AWSAccess``.

    Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
    """

    service: ClassVar[str] = "secretsmanager"
    actions = ("secretsmanager:GetSecretValue",)
    note: ClassVar[str] = (
        "Add kms:Decrypt on the KMS key that encrypts it, if that is a key of your own."
    )

    def __init__(
        self,
        *,
        secret_id: str,
        key_pair_id: str | None = None,
        version_stage: str | None = None,
        version_id: str | None = None,
        **access: Any,
    ) -> None:
        refuse_keys(version_stage=version_stage, version_id=version_id)
        if version_stage and version_id:
            raise TypeError("give version_stage or version_id, not both")
        super().__init__(identifier=secret_id, access=access)
        self._key_pair_id = id_option(key_pair_id)
        self.fixed_by = "key_pair_id" if key_pair_id else "version_id" if version_id else ""
        self.version_stage = version_stage or CURRENT
        self._version = (
            {"VersionId": version_id} if version_id else {"VersionStage": self.version_stage}
        )

    def get_signing_key(self) -> SigningKey:
        return signing_key(self._value(), self._key_pair_id, label=self.label)

    def iam_statements(self, place: Place) -> Iterator[Statement]:
        yield read_secret(self.identifier, place)

    def _value(self) -> str | bytes:
        answer = self.ask("get_secret_value", SecretId=self.identifier, **self._version)
        value = answer.get("SecretString", answer.get("SecretBinary"))
        if isinstance(value, str | bytes):
            return value
        raise self.garbled()


def read_secret(secret_id: str, place: Place) -> Statement:
    """Return a statement that allows reading the secret, a name or an ARN."""
    # A secret's ARN is its name with a hyphen and six characters.
    is_arn = secret_id.startswith("arn:")
    arn = secret_id if is_arn else place.arn("secretsmanager", f"secret:{secret_id}-??????")
    return allow("ReadSigningSecret", ["secretsmanager:GetSecretValue"], [arn])
