"""A signing key in a file, such as a mounted secret."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import ClassVar, Final

from cf_protected.cloudfront.keys import SigningKey, load_private_key
from cf_protected.cloudfront.secrecy import holds_key
from cf_protected.exceptions import KeySourceError
from cf_protected.key_sources.base import KeySource, ProductionWarning
from cf_protected.key_sources.ids import clean_id
from cf_protected.process import Once

#: What others may do.
_OTHERS: Final = stat.S_IROTH | stat.S_IWOTH


class FileKeySource(KeySource):
    """The key in a file of PEM or DER at ``path``, known to CloudFront as ``key_pair_id``.

    The file is read once, for the first signature. A new key has a new ID in the settings, so
    it needs a restart in any case.

    Raises ``ValueError`` if ``path`` is the key itself.
    """

    is_local: ClassVar[bool] = True
    production_warning: ClassVar[ProductionWarning] = ProductionWarning(
        "the key is in a file, so anyone with access to the disk or a backup has it, and a new "
        "one needs a restart.",
        hint="Keep it in AWS, or silence this if the file is a secret mounted in memory.",
    )

    def __init__(
        self,
        *,
        path: str | os.PathLike[str],
        key_pair_id: str,
        passphrase: str | bytes | None = None,
    ) -> None:
        if holds_key(os.fspath(path)):
            # Not repeated here, nor in the error of a missing file.
            raise ValueError("path is the key itself; name the file that holds it")
        self.path = Path(path)
        self._key_pair_id = clean_id(key_pair_id)
        # Not in a closure: its frame, in the traceback of a broken key, would show it.
        self._passphrase = passphrase
        self._key = Once(self._load)

    def get_signing_key(self) -> SigningKey:
        return self._key.get()

    @property
    def exposure(self) -> ProductionWarning | None:
        """Return a warning if every user of this machine can read or replace the file."""
        try:
            mode = self.path.stat().st_mode
        except OSError:  # get_signing_key says why
            return None
        if os.name == "nt" or not mode & _OTHERS:  # Windows doesn't keep them
            return None
        return ProductionWarning(
            f"every user of this machine can read or replace the key file {self.path}.",
            hint=f"chmod 400 {self.path}, as the user that runs the server.",
        )

    def _load(self) -> SigningKey:
        return load_private_key(
            self._read(), key_pair_id=self._key_pair_id, passphrase=self._passphrase
        )

    def _read(self) -> bytes:
        try:
            return self.path.read_bytes()
        except OSError as error:
            raise KeySourceError(
                f"The key file {self.path} can't be read: {error.strerror or error}."
            ) from error
