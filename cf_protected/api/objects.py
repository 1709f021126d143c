"""The objects at the origin, for staff."""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, JsonResponse

from cf_protected.api.base import APIView
from cf_protected.api.inputs import Query
from cf_protected.api.listing import ListedObject, list_objects
from cf_protected.api.problems import anonymous_problem, problem
from cf_protected.distributions import STORAGE_ERRORS, distributions
from cf_protected.person import Person

logger = logging.getLogger("cf_protected")


class ObjectListAPIView(APIView):
    """The objects of a distribution's storage, for staff who may view files in the admin."""

    def get(self, request: HttpRequest, alias: str) -> JsonResponse:
        # A guest isn't staff.
        if isinstance(self.caller, Person) or not self.caller.is_authenticated:
            return anonymous_problem()
        if not _may_list(self.caller):
            raise PermissionDenied
        if alias not in distributions:
            raise Http404
        query = Query(request)
        prefix = query.text("prefix", longest=1024)
        size = query.number("pageSize", default=100, highest=1000)
        token = query.text("continuationToken", longest=4096)
        try:
            page = list_objects(distributions[alias].storage, prefix=prefix, size=size, token=token)
        except NotImplementedError:
            return problem(501, "not_listable", detail="The storage can't list its objects.")
        except STORAGE_ERRORS as error:
            logger.error("The storage of %r can't list its objects: %s", alias, error)
            return problem(502, "origin_failed", detail=type(error).__name__)
        objects = [_represent(one) for one in page.objects]
        return JsonResponse({"objects": objects, "nextContinuationToken": page.token})


def _may_list(user: Any) -> bool:
    return bool(user.is_staff and user.has_perm("cf_protected.view_assetfile"))


def _represent(one: ListedObject) -> dict[str, Any]:
    return {
        "key": one.key,
        "size": one.size,
        "eTag": one.etag,
        "lastModified": one.last_modified,
        "storageClass": one.storage_class,
    }
