"""Find files of two assets that overlap: a folder of one holds an object of the other.

Signed cookies for a folder open everything in it, and so would open the other asset too.
Keys are compared byte by byte, as S3 does: ``Course/`` isn't ``course/``. SQLite ignores
capitals in ``startswith``, so a database's answers are compared once more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from django.apps import apps
from django.db.models import Q, QuerySet

from cf_protected import conf
from cf_protected.places import keyspaces_of

if TYPE_CHECKING:
    from cf_protected.models.asset import Asset, AssetFile

# How many keys one query asks for, and how many files it returns.
_BATCH: Final = 500


class Overlap(NamedTuple):
    """A folder of one asset, and a file of another that lies in it."""

    folder: AssetFile
    file: AssetFile


class Neighbour(NamedTuple):
    """A distribution that shares a keyspace with another, or is the same one.

    In it, ``here`` precedes the keys of the one, and ``there`` those of the neighbour.
    """

    alias: str
    here: str
    there: str


def find_overlap(asset: Asset, files: Iterable[AssetFile]) -> AssetFile | None:
    """Return a file of another asset that overlaps one of these ``files`` of ``asset``."""
    files = list(files)
    for neighbour in _neighbours(asset.distribution):
        folders = {neighbour.here + file.key for file in files if file.is_prefix}
        parents = {folder for file in files for folder in _parents(neighbour.here + file.key)}
        conditions = _conditions(neighbour.there, folders, parents)
        for other in _others(asset, neighbour, conditions):
            key = neighbour.there + other.key
            is_around = other.is_prefix and key in parents
            if is_around or not folders.isdisjoint(_parents(key)):
                return other
    return None


def shared_objects(asset: Asset, files: Iterable[AssetFile]) -> Iterator[AssetFile]:
    """Yield the files of other assets that are the same objects as ``files`` of ``asset``."""
    files = [file for file in files if not file.is_prefix]
    for neighbour in _neighbours(asset.distribution):
        keys = {neighbour.here + file.key for file in files}
        for other in _others(asset, neighbour, _key_conditions(neighbour.there, keys)):
            if neighbour.there + other.key in keys:
                yield other


def overlaps(alias: str) -> Iterator[Overlap]:
    """Yield every overlap of the distribution's folders with files of other assets."""
    for neighbour in _neighbours(alias):
        folders = defaultdict(list)
        for folder in _in_batches(_files_of(alias).filter(kind="prefix")):
            if folder.asset.distribution == alias:
                folders[neighbour.here + folder.key].append(folder)
        for file in _in_batches(_files_of(neighbour.alias)) if folders else ():
            if file.asset.distribution != neighbour.alias:
                continue
            for parent in _parents(neighbour.there + file.key):
                for folder in folders.get(parent, ()):
                    if folder.asset_id != file.asset_id:
                        yield Overlap(folder, file)


def _neighbours(alias: str) -> set[Neighbour]:
    distributions = conf.current().distributions
    if alias not in distributions:
        return set()
    own = keyspaces_of(distributions[alias])
    return {
        Neighbour(other, own[keyspace], there)
        for other, settings in distributions.items()
        for keyspace, there in keyspaces_of(settings).items()
        if keyspace in own
    }


def _files_of(alias: str) -> QuerySet[AssetFile]:
    model: type[AssetFile] = apps.get_model("cf_protected", "AssetFile")
    return model.objects.select_related("asset").filter(asset__distribution=alias)


def _in_batches(files: QuerySet[AssetFile]) -> Iterator[AssetFile]:
    """Yield the files by primary key, some at a time.

    A caller may stop early. ``iterator`` would leave PostgreSQL's cursor open then, and closing it
    after the transaction's end fails in the middle of another.
    """
    batch = [*files.order_by("pk")[:_BATCH]]
    while batch:
        yield from batch
        if len(batch) < _BATCH:
            return
        batch = [*files.filter(pk__gt=batch[-1].pk).order_by("pk")[:_BATCH]]


def _others(asset: Asset, neighbour: Neighbour, conditions: Iterable[Q]) -> Iterator[AssetFile]:
    """Yield the neighbour's files of other assets that meet a condition."""
    others = _files_of(neighbour.alias).exclude(asset=asset.pk)
    for where in conditions:
        for other in _in_batches(others.filter(where)):
            if other.asset.distribution == neighbour.alias:
                yield other


def _conditions(there: str, folders: Collection[str], parents: Collection[str]) -> Iterator[Q]:
    """Yield conditions for the folders ``parents``, and for what lies in ``folders``."""
    for is_one in _key_conditions(there, parents):
        yield is_one & Q(kind="prefix")
    for folder in folders:
        if there.startswith(folder):
            yield Q()
        elif folder.startswith(there):
            yield Q(key__startswith=folder.removeprefix(there))


def _key_conditions(there: str, keys: Collection[str]) -> Iterator[Q]:
    """Yield conditions for these keys, which there are without the leading ``there``."""
    names = sorted(key.removeprefix(there) for key in keys if key.startswith(there))
    for start in range(0, len(names), _BATCH):
        yield Q(key__in=names[start : start + _BATCH])


def _parents(key: str) -> list[str]:
    """Return the folders that ``key`` lies in, and a folder's own key."""
    return [key[: index + 1] for index, character in enumerate(key) if character == "/"]
