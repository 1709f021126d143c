"""Put the catalogue into the database and its files into the storage, once."""

from __future__ import annotations

import hashlib
import tempfile

from django.core.files import File
from django.core.files.storage import Storage

from cf_protected.distributions import distributions
from cf_protected.models import Asset, AssetFile
from example_project.shop.demo.catalogue import PRODUCTS, NewFile, NewProduct
from example_project.shop.demo.folders import NewFolder, load_folder
from example_project.shop.models import Product


def load_catalogue() -> None:
    """Load what is missing. Changes that staff made stay as they are."""
    for position, new in enumerate(PRODUCTS):
        asset = _load_asset(new, f"PP-{position + 1:02}")
        _load_product(new, asset, position)
        storage = distributions[asset.distribution].storage
        for number, file in enumerate(new.files):
            _load_file(file, asset, number, storage)
        for number, folder in enumerate(new.folders, start=len(new.files)):
            load_folder(folder, storage)
            _load_folder_row(folder, asset, number)


def _load_asset(new: NewProduct, sku: str) -> Asset:
    asset, _created = Asset.objects.get_or_create(
        slug=new.slug,
        defaults={
            "title": new.title,
            "description": new.description,
            "sku": sku,
            "state": Asset.State.PUBLISHED,
        },
    )
    return asset


def _load_product(new: NewProduct, asset: Asset, position: int) -> None:
    Product.objects.get_or_create(
        asset=asset,
        defaults={
            "kind": new.kind,
            "tagline": new.tagline,
            "price": new.price,
            "cover": f"shop/covers/{new.slug}.svg",
            "max_downloads": new.max_downloads,
            "access_days": new.access_days,
            "position": position,
        },
    )


def _load_file(new: NewFile, asset: Asset, position: int, storage: Storage) -> None:
    """Make the file, unless the storage has all of it: its row comes last."""
    if asset.files.filter(key=new.key).exists() and storage.exists(new.key):
        return
    storage.delete(new.key)  # what an interrupted start has left
    with tempfile.TemporaryFile() as stream:
        new.write(stream)
        size = stream.tell()
        stream.seek(0)
        checksum = hashlib.file_digest(stream, "sha256").hexdigest()
        stream.seek(0)
        storage.save(new.key, File(stream))
    AssetFile.objects.update_or_create(
        asset=asset,
        key=new.key,
        defaults={
            "name": new.name,
            "content_type": new.content_type,
            "size": size,
            "checksum": f"sha256:{checksum}",
            "position": position,
        },
    )


def _load_folder_row(new: NewFolder, asset: Asset, position: int) -> None:
    AssetFile.objects.get_or_create(
        asset=asset,
        key=new.key,
        defaults={
            "kind": AssetFile.Kind.PREFIX,
            "name": new.name,
            "entry": new.entry,
            "duration": new.duration,
            "position": position,
        },
    )
