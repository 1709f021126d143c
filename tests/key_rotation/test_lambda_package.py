"""The zip: the same bytes twice, and all that the function imports."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import zipfile
from hashlib import sha256
from pathlib import Path

import boto3
import pytest
from django.core.management import CommandError, call_command

from cf_protected.exceptions import RotationError
from cf_protected.key_rotation.lambda_package import (
    REQUIREMENTS,
    Architecture,
    build,
    download_wheels,
)

IMPORT = """
import json, sys
from cf_protected.key_rotation import lambda_handler
try:
    lambda_handler.handler({}, None)
except lambda_handler.RotationError as error:
    found = str(error)
print(json.dumps([found, sorted({name.partition(".")[0] for name in sys.modules})]))
"""


def fake_wheels(folder: Path, architecture: Architecture, python_version: str) -> None:
    """Two wheels, made in another order and at another time each call."""
    for name in ("cryptography", "cffi"):
        with zipfile.ZipFile(folder / f"{name}-1-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"{name}/__init__.py", f"architecture = {architecture!r}")


def test_the_same_bytes_twice(tmp_path: Path) -> None:
    for name in ("one.zip", "two.zip"):
        build(tmp_path / name, "arm64", download=fake_wheels)

    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_what_is_in_it(tmp_path: Path) -> None:
    build(tmp_path / "it.zip", "arm64", download=fake_wheels)

    with zipfile.ZipFile(tmp_path / "it.zip") as archive:
        names = archive.namelist()
        entries = archive.infolist()
    assert names == sorted(names)
    assert {"cf_protected/key_rotation/lambda_handler.py", "cffi/__init__.py"} <= set(names)
    assert {name.split("/")[0] for name in names} == {"cf_protected", "cffi", "cryptography"}
    folders = {name.split("/")[1] for name in names if name.startswith("cf_protected/")}
    assert folders == {
        "__init__.py",
        "exceptions.py",
        "process.py",
        "cloudfront",
        "key_sources",
        "key_rotation",
    }
    assert {(entry.date_time, entry.external_attr >> 16) for entry in entries} == {
        ((1980, 1, 1, 0, 0, 0), 0o755)
    }


def test_it_runs_with_nothing_but_boto3(tmp_path: Path) -> None:
    """``-S`` leaves out what is installed here; only boto3's folder comes back, without Django."""
    build(tmp_path / "it.zip", "x86_64", download=wheels_of_this_machine)
    with zipfile.ZipFile(tmp_path / "it.zip") as archive:
        archive.extractall(tmp_path / "task")
    runtime = tmp_path / "runtime"
    runtime.mkdir()
    installed = Path(boto3.__file__).parent.parent
    for name in ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six.py"):
        (runtime / name).symlink_to(installed / name)

    done = subprocess.run(
        [sys.executable, "-S", "-c", IMPORT],
        env={"PYTHONPATH": f"{tmp_path / 'task'}:{runtime}"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    message, modules = json.loads(done.stdout)
    assert message == "The environment variable CF_SECRET_ID is missing."
    assert "cryptography" in modules
    assert "django" not in modules


def wheels_of_this_machine(folder: Path, architecture: Architecture, python_version: str) -> None:
    """cryptography and cffi as they are installed here, whatever machine this is."""
    import cffi
    import cryptography

    installed = Path(cryptography.__file__).parent.parent
    paths = [Path(cryptography.__file__).parent, Path(cffi.__file__).parent]
    paths += installed.glob("_cffi_backend*.so")
    with zipfile.ZipFile(folder / "installed.whl", "w") as wheel:
        for path in paths:
            for file in path.rglob("*") if path.is_dir() else [path]:
                if file.is_file() and "__pycache__" not in file.parts:
                    wheel.write(file, file.relative_to(installed))


def test_pip_is_asked_for_lambdas_wheels_with_their_hashes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log"
    pip = tmp_path / "python"
    pip.write_text(f'#!/bin/sh\necho "$@" > {log}\n')
    pip.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(pip))

    download_wheels(tmp_path, "arm64", "3.13")

    arguments = log.read_text().split()
    assert "--platform=manylinux2014_aarch64" in arguments
    assert "--python-version=3.13" in arguments
    assert "--only-binary=:all:" in arguments
    assert arguments[-2:] == ["--require-hashes", f"--requirement={REQUIREMENTS}"]


def test_every_wheel_is_pinned_with_hashes() -> None:
    lines = REQUIREMENTS.read_text().replace("\\\n", "").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    names = [re.match(r"([a-z]+)==[0-9.]+ ", pin) for pin in pins]
    assert [name and name[1] for name in names] == ["cffi", "cryptography"]
    hashes = [re.findall(r"--hash=sha256:[0-9a-f]{64}\b", pin) for pin in pins]
    # One for each architecture at least.
    assert all(len(set(of_pin)) >= 2 for of_pin in hashes)


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one wheel, which is all that pip knows."""
    folder = tmp_path / "index"
    folder.mkdir()
    metadata = "Metadata-Version: 2.1\nName: cffi\nVersion: 1\n"
    with zipfile.ZipFile(folder / "cffi-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("cffi/__init__.py", "")
        wheel.writestr("cffi-1.dist-info/METADATA", metadata)
        wheel.writestr("cffi-1.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr("cffi-1.dist-info/RECORD", "")
    for name, value in {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_FIND_LINKS": str(folder),
        "PIP_NO_INDEX": "1",
    }.items():
        monkeypatch.setenv(name, value)
    return folder


def test_a_wheel_with_its_hash_is_taken(tmp_path: Path, index: Path) -> None:
    (wheel,) = index.iterdir()
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(f"cffi==1 --hash=sha256:{sha256(wheel.read_bytes()).hexdigest()}\n")

    call_command(
        "cf_build_rotation_lambda",
        str(tmp_path / "it.zip"),
        "--architecture=arm64",
        f"--requirements={requirements}",
        stdout=io.StringIO(),
    )

    with zipfile.ZipFile(tmp_path / "it.zip") as archive:
        assert "cffi/__init__.py" in archive.namelist()


@pytest.mark.parametrize(
    ("pin", "said"),
    [
        (f"cffi==1 --hash=sha256:{'0' * 64}", "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES"),
        ("cffi==1", "ERROR: Hashes are required"),
        # Older versions of pip refuse a requirement without a version, newer ones its wrong hash.
        (
            f"cffi --hash=sha256:{'0' * 64}",
            "ERROR: (In --require-hashes mode|THESE PACKAGES DO NOT)",
        ),
    ],
)
def test_a_wheel_without_its_hash_is_refused(
    tmp_path: Path, index: Path, pin: str, said: str
) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(pin + "\n")
    folder = tmp_path / "wheels"
    folder.mkdir()

    with pytest.raises(RotationError, match=f"pip can't fetch the wheels: {said}"):
        download_wheels(folder, "x86_64", "3.13", requirements=requirements)

    assert list(folder.iterdir()) == []


def test_pip_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pip = tmp_path / "python"
    pip.write_text("#!/bin/sh\necho first >&2\necho 'No matching distribution' >&2\nexit 1\n")
    pip.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(pip))

    with pytest.raises(RotationError, match="can't fetch the wheels: No matching distribution"):
        download_wheels(tmp_path, "x86_64", "3.13")
    with pytest.raises(CommandError, match="No matching distribution"):
        call_command("cf_build_rotation_lambda", str(tmp_path / "z"), "--architecture=x86_64")


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pip = tmp_path / "python"
    pip.write_text("#!/bin/sh\n")
    pip.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(pip))
    out = io.StringIO()

    call_command(
        "cf_build_rotation_lambda", str(tmp_path / "z"), "--architecture=arm64", stdout=out
    )

    assert "Handler: cf_protected.key_rotation.lambda_handler.handler" in out.getvalue()
    assert zipfile.is_zipfile(tmp_path / "z")
