"""The API's description in OpenAPI 3.1."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from django.http import HttpRequest, JsonResponse

from cf_protected.api.base import APIView


class DocumentAPIView(APIView):
    """The shipped document, with the address under which the project includes the API."""

    def get(self, request: HttpRequest) -> JsonResponse:
        here = request.build_absolute_uri(request.path)
        servers = [{"url": here.removesuffix("/openapi.json")}]
        return JsonResponse(read_document() | {"servers": servers})


@cache
def read_document() -> dict[str, Any]:
    """Return the shipped document."""
    text = files("cf_protected.api").joinpath("openapi.json").read_text("utf-8")
    document: dict[str, Any] = json.loads(text)
    return document
