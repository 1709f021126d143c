"""A signing key in SSM Parameter Store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final

from cf_protected.cloudfront.keys import SigningKey
from cf_protected.exceptions import KeySourceError
from cf_protected.key_sources.aws import AWSKeySource, expand_variables
from cf_protected.key_sources.iam import Place, Statement, allow
from cf_protected.key_sources.ids import id_option
from cf_protected.key_sources.secret import signing_key
from cf_protected.key_sources.secretsmanager import read_secret

#: A parameter of this name is a secret of Secrets Manager, by what follows.
REFERENCE: Final = "/aws/reference/secretsmanager/"


class SSMKeySource(AWSKeySource):
    """The key in the ``SecureString`` parameter ``name``.

    Its value is the JSON ``{"key_pair_id": …, "private_key": …}``, or a bare key whose ID
    is the option ``key_pair_id`` or the value of a second parameter, ``key_pair_id_name``,
    fetched in the same call. Two parameters can't be replaced at the same moment, so
    prefer the JSON where keys are rotated.

    ``name`` may be an ARN, end in ``:3`` (a version) or ``:live`` (a label), and be
    ``/aws/reference/secretsmanager/…``. More options: see ``AWSAccess``.

    Sources: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html
    and https://docs.aws.amazon.com/systems-manager/latest/userguide/integration-ps-secretsmanager.html
    """

    service: ClassVar[str] = "ssm"
    note: ClassVar[str] = (
        "Add kms:Decrypt on the KMS key that encrypts it, if that is a key of your own."
    )

    def __init__(
        self,
        *,
        name: str,
        key_pair_id: str | None = None,
        key_pair_id_name: str | None = None,
        **access: Any,
    ) -> None:
        if key_pair_id and key_pair_id_name:
            raise TypeError("give key_pair_id or key_pair_id_name, not both")
        super().__init__(identifier=name, access=access)
        self._key_pair_id = id_option(key_pair_id)
        self._key_pair_id_name = expand_variables(key_pair_id_name) if key_pair_id_name else None
        self.fixed_by = (
            "key_pair_id" if key_pair_id else "key_pair_id_name" if key_pair_id_name else ""
        )
        self.actions = ("ssm:GetParameters" if self._key_pair_id_name else "ssm:GetParameter",)

    def get_signing_key(self) -> SigningKey:
        # No local here holds the value: a debug page shows the locals of every frame.
        return signing_key(*self._value_and_id(), label=self.label)

    def iam_statements(self, place: Place) -> Iterator[Statement]:
        names = [self.identifier, *filter(None, [self._key_pair_id_name])]
        arns = [place.arn("ssm", _parameter(name)) for name in names]
        yield allow("ReadSigningKey", self.actions, arns)
        for name in names:
            if name.startswith(REFERENCE):
                yield read_secret(name.removeprefix(REFERENCE).partition(":")[0], place)

    def _value_and_id(self) -> tuple[str, str | None]:
        if self._key_pair_id_name is None:
            return self._value(), self._key_pair_id
        value, key_pair_id = self._values(self.identifier, self._key_pair_id_name)
        return value, key_pair_id

    def _value(self) -> str:
        answer = self.ask("get_parameter", Name=self.identifier, WithDecryption=True)
        value = answer.get("Parameter", {}).get("Value")
        if isinstance(value, str):
            return value
        raise self.garbled()

    def _values(self, *names: str) -> list[str]:
        """Return the values in the order of ``names``, which isn't that of AWS's answer."""
        answer = self.ask("get_parameters", Names=list(names), WithDecryption=True)
        found = {name: _value_of(name, answer.get("Parameters", ())) for name in names}
        missing = [name for name, value in found.items() if value is None]
        values = [value for value in found.values() if value is not None]
        if not missing:
            return values
        del answer, found, values
        raise KeySourceError(
            f"{self.label}: there is no parameter {' and no '.join(map(repr, missing))}, or not in "
            "this version. Check the names, account and Region."
        )


def _parameter(name: str) -> str:
    """Return a parameter's ARN without version and label, or its part from ``parameter`` on."""
    if name.startswith("arn:"):
        return ":".join(name.split(":")[:6])
    return f"parameter/{name.partition(':')[0].removeprefix('/')}"


def _value_of(name: str, parameters: list[Mapping[str, str]]) -> str | None:
    """Return the value of the parameter that was asked for as ``name``: a name or an ARN.

    The answer has the version or label in its ``Selector``, not in its name.
    """
    for parameter in parameters:
        names = {parameter.get("Name", ""), parameter.get("ARN", "")}
        if name in names or any(name.startswith(f"{one}:") for one in names if one):
            return parameter.get("Value")
    return None
