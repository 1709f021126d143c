"""Faults of the key, each on its own, over real HTTP."""

from __future__ import annotations

from pathlib import Path

from cf_protected.cloudfront import keys
from cf_protected.cloudfront.verifier import CloudFrontVerifier
from tests.doctor.aws import error_xml
from tests.doctor.conftest import (
    PARAMETER,
    Shop,
    problems,
    store_key,
    upload_key,
)
from tests.keys import private_pem, public_pem


def test_key_store_without_the_key(ssm_shop: Shop) -> None:
    ssm_shop.client("ssm").delete_parameter(Name=PARAMETER)

    findings = ssm_shop.examine()

    assert findings["key"].verdict == "failed"
    assert "ParameterNotFound" in findings["key"].evidence
    dependent = {"public_key", "key_group", "signed", "sha256", "disposition"}
    assert {f.id for f in findings.values() if f.verdict == "unknown"} == dependent


def test_key_that_is_none(ssm_shop: Shop) -> None:
    store_key(ssm_shop, "garbage")

    assert ssm_shop.examine()["key"].verdict == "failed"


def test_slow_key(shop: Shop) -> None:
    ticks = iter([0.0, 1.5])

    findings = shop.examine(clock=lambda: next(ticks))

    assert findings["key"].verdict == "warning"
    assert "1500 ms" in findings["key"].evidence


def test_key_file_for_everyone(shop: Shop, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(private_pem("p256"))
    path.chmod(0o644)
    shop.use_key_source("FileKeySource", path=path, key_pair_id=shop.key_pair_id)

    found = shop.examine()["key"]

    assert found.verdict == "warning"
    assert f"every user of this machine can read or replace the key file {path}" in found.evidence
    assert found.remedy.startswith(f"chmod 400 {path}")


def test_local_key_has_no_identity(shop: Shop) -> None:
    findings = shop.examine()

    assert findings["key"].evidence.startswith(f"InlineKeySource: {shop.key_pair_id} in ")
    assert "as " not in findings["key"].evidence
    assert findings["public_key"].verdict == "ok"


def test_another_key_at_cloudfront(shop: Shop) -> None:
    upload_key(shop, public_pem("rsa"))
    shop.deploy()

    findings = shop.examine()

    assert problems(findings) == {"public_key": "failed"}
    assert "another key" in findings["public_key"].evidence


def test_no_key_at_cloudfront(shop: Shop) -> None:
    shop.aws.answers["/public-key/"] = (404, error_xml("NoSuchPublicKey", "There is none."))

    findings = shop.examine()

    assert problems(findings) == {"public_key": "failed"}
    assert "NoSuchPublicKey" in findings["public_key"].evidence


def test_a_key_at_cloudfront_that_is_none(shop: Shop) -> None:
    upload_key(shop, "garbage")
    shop.deploy()

    assert shop.problems() == {"public_key": "failed"}


def test_signatures_by_kms(shop: Shop) -> None:
    use_kms(shop)

    assert shop.problems() == {}


def test_kms_that_may_not_sign(shop: Shop) -> None:
    use_kms(shop)
    denied = '{"__type": "AccessDeniedException", "message": "not authorized"}'
    shop.aws.answers["TrentService.Sign"] = (400, denied)

    findings = shop.examine()

    assert findings["signed"].verdict == "failed"
    assert "kms:Sign" in findings["signed"].evidence
    assert problems(findings) == {
        "signed": "failed",
        "sha256": "unknown",
        "disposition": "unknown",
    }


def use_kms(shop: Shop) -> str:
    """Let KMS make the key. Returns its ID there."""
    kms = shop.client("kms")
    created = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    key_id = str(created["KeyMetadata"]["KeyId"])
    public_key = keys.load_public_key(kms.get_public_key(KeyId=key_id)["PublicKey"])
    upload_key(shop, keys.public_pem(public_key))
    shop.deploy()
    shop.use_key_source(
        "KMSKeySource", key_id=key_id, key_pair_id=shop.key_pair_id, **shop.access()
    )
    shop.serve(verifier=lambda: CloudFrontVerifier({shop.key_pair_id: public_key}))
    return key_id
