"""Call AWS, and turn its errors into ones that say what to do and show nothing secret."""

from __future__ import annotations

from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from botocore.parsers import ResponseParserError

from cf_protected.exceptions import AWSError
from cf_protected.key_sources.aws import hidden_from_logs

_DENIED: Final = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")


def ask(client: Any, operation: str, **parameters: Any) -> Any:
    """Return AWS's answer to ``operation``, named as boto3 does. Raises ``AWSError``."""
    try:
        with hidden_from_logs():
            return getattr(client, operation)(**parameters)
    except ClientError as error:
        details = error.response.get("Error", {})
        code, message = details.get("Code", "?"), details.get("Message", "")
    except (ParamValidationError, ResponseParserError) as error:
        code, message = type(error).__name__, ""  # it may repeat what was sent or answered
    except (BotoCoreError, OSError) as error:
        code, message = type(error).__name__, str(error)
    # Not chained, and no local left: the frames below and this one hold what was sent.
    del parameters
    service = client.meta.service_model.service_name
    action = f"{service}:{client.meta.method_to_api_mapping.get(operation, operation)}"
    remedy = f"Allow {action}." if code in _DENIED else "Then run this again: it goes on from here."
    said = " ".join(message.split()).rstrip(".")[:300]
    raise AWSError(f"{action}: {f'{code}: {said}' if said else code}. {remedy}", code=code)
