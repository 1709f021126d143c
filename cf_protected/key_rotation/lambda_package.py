"""Build the zip of the Lambda function: the modules without Django, and their wheels."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal

import cf_protected
from cf_protected.exceptions import RotationError

Architecture = Literal["x86_64", "arm64"]
ARCHITECTURES: Final[tuple[Architecture, ...]] = ("x86_64", "arm64")

#: The function's handler, in Lambda's configuration.
HANDLER: Final = "cf_protected.key_rotation.lambda_handler.handler"

_MODULES: Final = (
    "__init__.py",
    "exceptions.py",
    "process.py",
    "cloudfront",
    "key_sources",
    "key_rotation",
)
#: cryptography and what it imports, each with the hashes of its files. boto3 is in the runtime.
REQUIREMENTS: Final = Path(__file__).with_name("lambda_requirements.txt")
_MACHINES: Final[dict[Architecture, str]] = {"x86_64": "x86_64", "arm64": "aarch64"}
_EARLIEST: Final = (1980, 1, 1, 0, 0, 0)  # date of a zip's entry

#: Puts the packages' wheels into a folder.
Download = Callable[[Path, Architecture, str], None]


def download_wheels(
    folder: Path,
    architecture: Architecture,
    python_version: str,
    *,
    requirements: Path = REQUIREMENTS,
) -> None:
    """Download the wheels that ``requirements`` pins, built for Lambda, with pip.

    Raises ``RotationError`` if pip fails, such as for a file whose hash isn't in ``requirements``.
    See https://pip.pypa.io/en/stable/topics/secure-installs/
    """
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--only-binary=:all:", "--implementation=cp", f"--python-version={python_version}"]
    # Amazon Linux 2 and newer.
    command += [f"--platform=manylinux2014_{_MACHINES[architecture]}", f"--dest={folder}"]
    command += ["--require-hashes", f"--requirement={requirements}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise RotationError(f"pip can't fetch the wheels: {_error(done.stderr)}")


def _error(stderr: str) -> str:
    """Return what pip says from its first ``ERROR:`` on, or its last line."""
    lines = [line.strip() for line in stderr.strip().splitlines()]
    errors = [i for i, line in enumerate(lines) if line.startswith("ERROR:")]
    return " ".join(lines[errors[0] :] if errors else lines[-1:])


def build(
    output: Path,
    architecture: Architecture,
    *,
    python_version: str = "3.13",
    download: Download = download_wheels,
) -> None:
    """Write the zip. The same versions give the same bytes.

    Raises ``RotationError`` and ``OSError``.
    """
    with TemporaryDirectory() as folder:
        wheels = Path(folder)
        download(wheels, architecture, python_version)
        files = dict(_modules())
        for wheel in sorted(wheels.glob("*.whl")):
            files |= _contents(wheel)
    with zipfile.ZipFile(output, "w") as archive:
        for name in sorted(files):
            archive.writestr(_entry(name), files[name], zipfile.ZIP_DEFLATED, 9)


def _modules() -> Iterator[tuple[str, bytes]]:
    package = Path(cf_protected.__file__).parent
    for name in _MODULES:
        path = package / name
        for file in path.rglob("*.py") if path.is_dir() else [path]:
            yield file.relative_to(package.parent).as_posix(), file.read_bytes()


def _contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        return {name: archive.read(name) for name in names}


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EARLIEST)
    entry.create_system = 3  # Unix, on every machine
    entry.external_attr = 0o755 << 16  # Lambda runs as another user
    return entry
