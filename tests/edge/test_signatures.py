"""Which requests the edge serves, and CloudFront's errors for the others."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from django.core.files.storage import FileSystemStorage

from cf_protected.cloudfront.signer import CloudFrontSigner
from cf_protected.exceptions import KeySourceError
from tests.cloudfront.samples import MALFORMED_SIGNATURE
from tests.edge.client import fetch, host_of, send_raw
from tests.edge.conftest import KEY_PAIR_ID, NOW, Serve, Site, new_key

VECTORS = Path(__file__).parents[1] / "cloudfront" / "vectors.json"
ERRORS = {
    error["code"]: error
    for error in [*json.loads(VECTORS.read_text())["errors"], MALFORMED_SIGNATURE]
}


@pytest.fixture(autouse=True)
def book(root: Path) -> None:
    (root / "book.txt").write_bytes(b"Call me Ishmael.")
    (root / "other.txt").write_bytes(b"Other.")


def code_of(site: Site, target: str, headers: dict[str, str] | None = None) -> str:
    """Return the error code of the response, whose body must be CloudFront's to the byte."""
    answer = site.get(target, headers)
    match = re.search(rb"<Code>(\w+)</Code>", answer.body)
    assert match, answer.body
    code = match[1].decode()
    assert answer.status == 403
    assert answer.body == ERRORS[code]["body"].encode()
    assert answer.headers["Content-Length"] == str(ERRORS[code]["body_len"])
    return code


def test_signed_url_opens_the_object(site: Site) -> None:
    answer = site.open("/book.txt")
    assert (answer.status, answer.body) == (200, b"Call me Ishmael.")


def test_unsigned(site: Site) -> None:
    assert code_of(site, "/book.txt") == "MissingKey"


def test_unknown_key(site: Site) -> None:
    stranger = CloudFrontSigner(new_key("K3D5EWEUDCCXON"), now=lambda: NOW)
    url = stranger.sign_url(f"{site.origin}/book.txt", date_less_than=NOW + 60)
    assert code_of(site, url.removeprefix(site.origin)) == "InvalidKey"


def test_malformed_policy(site: Site) -> None:
    target = f"/book.txt?Policy=bm8_&Signature=x&Key-Pair-Id={KEY_PAIR_ID}"
    assert code_of(site, target) == "MalformedPolicy"


def test_malformed_signature(site: Site) -> None:
    target = f"/book.txt?Expires={NOW + 60}&Signature=x&Key-Pair-Id={KEY_PAIR_ID}"
    assert code_of(site, target) == "MalformedSignature"


def test_malformed_signature_in_a_cookie(site: Site) -> None:
    cookie = f"CloudFront-Expires={NOW + 60}; CloudFront-Key-Pair-Id={KEY_PAIR_ID}"
    for signature in ("a+b=", '"AAAA"', "%41AAA"):
        headers = {"Cookie": f"{cookie}; CloudFront-Signature={signature}"}
        assert code_of(site, "/book.txt", headers) == "MalformedSignature"


def test_milliseconds(site: Site) -> None:
    target = site.sign("/book.txt").replace(f"Expires={NOW + 60}", f"Expires={NOW + 60}000")
    assert code_of(site, target) == "MalformedPolicy"


def test_expired(site: Site) -> None:
    target = site.sign("/book.txt")
    site.now[0] = NOW + 60
    assert code_of(site, target) == "AccessDenied"


def test_last_second(site: Site) -> None:
    target = site.sign("/book.txt")
    site.now[0] = NOW + 59.9
    assert site.get(target).status == 200


def test_tampered_expiry(site: Site) -> None:
    target = site.sign("/book.txt").replace(f"Expires={NOW + 60}", f"Expires={NOW + 61}")
    assert code_of(site, target) == "AccessDenied"


def test_other_path(site: Site) -> None:
    target = site.sign("/book.txt").replace("/book.txt", "/other.txt")
    assert code_of(site, target) == "AccessDenied"


def test_other_host(site: Site) -> None:
    target = site.sign("/book.txt")
    assert code_of(site, target, {"Host": "downloads.example.com"}) == "AccessDenied"


def test_other_scheme(serve: Serve, root: Path) -> None:
    site = serve(FileSystemStorage(location=root), scheme="https")
    assert code_of(site, site.sign("/book.txt")) == "AccessDenied"


def test_query_added_after_signing(site: Site) -> None:
    assert code_of(site, site.sign("/book.txt") + "&x=1") == "AccessDenied"


def test_percent_encoded_signature(site: Site) -> None:
    base, _, query = site.sign("/book.txt", date_greater_than=NOW - 60).partition("?")
    fields = (field.partition("=") for field in query.split("&"))
    encoded = (f"{name}={''.join(f'%{ord(c):02x}' for c in value)}" for name, _, value in fields)
    assert site.get(f"{base}?{'&'.join(encoded)}").body == b"Call me Ishmael."


def test_cookies_for_every_protocol(site: Site) -> None:
    text = (
        '{"Statement":[{"Resource":"*","Condition":'
        f'{{"DateLessThan":{{"AWS:EpochTime":{NOW + 60}}}}}}}]}}'
    )
    signed = site.signer.generate_presigned_url(f"{site.origin}/book.txt", policy=text)
    assert site.get(signed.removeprefix(site.origin)).body == b"Call me Ishmael."
    parameters = signed.partition("?")[2].split("&")
    cookie = "; ".join(f"CloudFront-{parameter}" for parameter in parameters)
    assert code_of(site, "/book.txt", {"Cookie": cookie}) == "AccessDenied"


def test_own_query_is_signed(site: Site) -> None:
    assert site.open("/book.txt?version=2").status == 200


def test_address_is_taken_from_the_connection(site: Site) -> None:
    assert site.get(site.sign("/book.txt", ip_address="127.0.0.1")).status == 200


def test_other_address(site: Site) -> None:
    target = site.sign("/book.txt", ip_address="192.0.2.1")
    assert code_of(site, target, {"X-Forwarded-For": "192.0.2.1"}) == "AccessDenied"


def test_cookies_open_the_folder(site: Site) -> None:
    assert site.get("/book.txt", site.cookie()).body == b"Call me Ishmael."


def test_canned_cookies(site: Site) -> None:
    assert site.get("/book.txt", site.cookie("/book.txt")).status == 200


def test_cookies_beside_one_that_is_malformed(site: Site) -> None:
    cookie = site.cookie()["Cookie"]
    assert site.get("/book.txt", {"Cookie": f'theme="a b" c; {{"x":1}}; {cookie}; ='}).status == 200


def test_cookies_of_another_folder(site: Site) -> None:
    assert code_of(site, "/book.txt", site.cookie("/video/*")) == "AccessDenied"


def test_expired_cookies(site: Site) -> None:
    cookie = site.cookie()
    site.now[0] = NOW + 60
    assert code_of(site, "/book.txt", cookie) == "AccessDenied"


@pytest.mark.parametrize("parameter", ["Expires=1", "Policy=", "Signature=x", "Key-Pair-Id="])
def test_cookies_do_not_count_beside_a_signing_parameter(site: Site, parameter: str) -> None:
    assert code_of(site, f"/book.txt?{parameter}", site.cookie()) == "MissingKey"


def test_first_of_two_cookies_counts(site: Site) -> None:
    cookie = site.cookie()["Cookie"]
    assert site.get("/book.txt", {"Cookie": f"{cookie}; CloudFront-Policy=x"}).status == 200


def test_headers_of_a_refusal(site: Site) -> None:
    headers = site.get("/book.txt").headers
    assert headers["Server"] == "CloudFront"
    assert headers["Content-Type"] == "text/xml"
    assert headers["X-Cache"] == "Error from cloudfront"
    assert headers["Date"] == "Fri, 15 Jan 2027 08:00:00 GMT"
    assert re.fullmatch(r"1\.1 [0-9a-f]{32}\.cloudfront\.net \(CloudFront\)", headers["Via"])
    assert re.fullmatch(r"[\w-]{54}==", headers["X-Amz-Cf-Id"])


def test_head_of_a_refusal_has_no_body(site: Site) -> None:
    answer = site.head("/book.txt")
    assert (answer.status, answer.headers["Content-Length"], answer.body) == (403, "146", b"")


def test_only_the_log_has_the_detail(site: Site) -> None:
    target = site.sign("/book.txt")
    site.now[0] = NOW + 90
    assert b"ago" not in site.get(target).body
    assert site.log == ["GET /book.txt 403 expired 30 s ago"]


def test_log_has_no_signature(site: Site) -> None:
    site.open("/book.txt")
    assert site.log == ["GET /book.txt 200"]


def test_log_is_one_line_of_plain_text(site: Site) -> None:
    target = f"/book.txt?Expires=1&Signature=x&Key-Pair-Id={KEY_PAIR_ID}\x1b[31m"
    request = f"GET /\x1b]0;x\x07{target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    send_raw(site.address, request.encode("latin-1"))
    assert site.log[0].startswith(r"GET /\x1b]0;x\x07/book.txt 403 ")
    assert site.log[0].isprintable()


def test_key_is_looked_up_at_each_request(serve: Serve, root: Path) -> None:
    def no_key() -> None:
        raise KeySourceError("The key file key.pem can't be read: no such file.")

    site = serve(FileSystemStorage(location=root), verifier=no_key)
    answer = site.open("/book.txt")
    assert answer.status == 503
    assert b"key.pem" not in answer.body
    assert site.log == ["GET /book.txt 503 The key file key.pem can't be read: no such file."]


def test_absolute_form_of_the_target(site: Site) -> None:
    target = site.sign("/book.txt")
    url = f"http://{host_of(site.address)}{target}"
    answer = fetch(site.address, url, headers={"Host": "proxy.example.com"})
    assert answer.body == b"Call me Ishmael."


def test_absolute_form_without_path(site: Site) -> None:
    answer = site.get(f"{site.origin}?x", site.cookie())
    assert (answer.status, answer.headers["Server"]) == (403, "AmazonS3")


@pytest.mark.parametrize("host", ["{}/free", "{}/free?", "{}#", "x@{}", "{}, {}", ""])
def test_host_with_a_path_is_refused(site: Site, host: str) -> None:
    host = host.format(host_of(site.address), host_of(site.address))
    answer = site.get("/book.txt", {"Host": host, **site.cookie("/free/*")})
    assert (answer.status, answer.headers["Server"]) == (400, "CloudFront")


def test_absolute_form_with_a_fragment_is_refused(site: Site) -> None:
    answer = site.get(f"{site.origin}#/free?/book.txt", site.cookie())
    assert answer.status == 400
