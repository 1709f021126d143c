"""Assets and files as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cf_protected.access import Decision, explain
from cf_protected.models import Asset, AssetFile, Grant
from cf_protected.person import Person, User


def represent_asset(
    asset: Asset,
    decision: Decision,
    caller: Person | User,
    *,
    files: Iterable[AssetFile],
    next_files: str | None,
) -> dict[str, Any]:
    """Return the asset in the form of the document's schema ``Asset``.

    ``files`` are its first ones, and ``next_files`` is the URL of further ones.
    """
    return {
        "slug": asset.slug,
        "title": asset.title,
        "description": asset.description,
        "availableFrom": asset.available_from,
        "allowed": decision.allowed,
        "reason": decision.reason,
        "explanation": explain(decision, caller),
        "grant": decision.grant and represent_grant(decision.grant),
        "files": [represent_file(file) for file in files],
        "nextFiles": next_files,
    }


def represent_grant(grant: Grant) -> dict[str, Any]:
    """Return the grant in the form of the document's schema ``Grant``."""
    return {
        "startsAt": grant.starts_at,
        "expiresAt": grant.expires_at,
        "maxDownloads": grant.max_downloads,
        "downloadsLeft": grant.downloads_left,
    }


def represent_file(file: AssetFile) -> dict[str, Any]:
    """Return the file in the form of the document's schema ``File``. Clients never see keys."""
    return {
        "id": file.uuid,
        "kind": file.kind,
        "name": file.display_name,
        "fileName": file.file_name,
        "size": file.size,
        "contentType": file.content_type,
        "checksum": file.checksum,
        "duration": None if file.duration is None else file.duration.total_seconds(),
    }
