from __future__ import annotations

import logging
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ParamValidationError
from botocore.parsers import ResponseParserError

from cf_protected.key_sources.aws_calls import CALL_ERRORS, Failure, hidden_from_logs


def client_error(**details: str) -> ClientError:
    response: Any = {"Error": details}
    return ClientError(response, "GetParameter")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (client_error(Code="Throttling", Message="Rate\n exceeded."), "Throttling: Rate exceeded"),
        (client_error(Code="Throttling"), "Throttling"),
        (client_error(), "?"),
        (EndpointConnectionError(endpoint_url="https://a"), "EndpointConnectionError: Could not"),
        (FileNotFoundError("no token"), "FileNotFoundError: no token"),
    ],
)
def test_what_a_failure_says(error: Exception, text: str) -> None:
    assert isinstance(error, CALL_ERRORS)
    assert str(Failure.of(error)).startswith(text)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ParamValidationError(report="secret"), "ParamValidationError"),
        (ResponseParserError("secret"), "UnreadableAnswer"),
        (TypeError("secret"), "UnreadableAnswer"),
    ],
)
def test_what_may_repeat_a_secret_is_left_out(error: Exception, code: str) -> None:
    assert isinstance(error, CALL_ERRORS)
    assert str(Failure.of(error)) == code


def test_a_long_message_is_cut() -> None:
    assert len(str(Failure("Code", "a" * 1000))) < 320


@pytest.mark.parametrize(
    ("code", "is_denied"), [("AccessDeniedException", True), ("ParameterNotFound", False)]
)
def test_a_missing_permission(code: str, is_denied: bool) -> None:
    assert Failure(code).is_denied is is_denied


def test_a_call_is_hidden_from_logs(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("botocore.endpoint")
    with caplog.at_level(logging.DEBUG, "botocore.endpoint"):
        with hidden_from_logs():
            logger.debug("secret")
        logger.debug("public")

    assert [record.getMessage() for record in caplog.records] == ["public"]
