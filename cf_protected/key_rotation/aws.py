"""Call AWS for a rotation, with errors that say what to do and show nothing secret."""

from __future__ import annotations

from typing import Any

from cf_protected.exceptions import AWSError
from cf_protected.key_sources.aws_calls import CALL_ERRORS, Failure, hidden_from_logs


def ask(client: Any, operation: str, **parameters: Any) -> Any:
    """Return AWS's answer to ``operation``, named as boto3 does. Raises ``AWSError``."""
    try:
        with hidden_from_logs():
            return getattr(client, operation)(**parameters)
    except CALL_ERRORS as error:
        failure = Failure.of(error)
    # Not chained, and no local left: the frames below and this one hold what was sent.
    del parameters
    service = client.meta.service_model.service_name
    action = f"{service}:{client.meta.method_to_api_mapping.get(operation, operation)}"
    remedy = (
        f"Allow {action}." if failure.is_denied else "Then run this again: it goes on from here."
    )
    raise AWSError(f"{action}: {failure}. {remedy}", code=failure.code)
