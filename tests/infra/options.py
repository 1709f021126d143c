"""Options that Terraform and the CDK app must refuse or take alike."""

from __future__ import annotations

from typing import Any

CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/1234abcd-12ab-34cd-56ef-1234567890ab"
PUBLIC_KEY_ID = "K2JCJMDEHXQW5F"


def _each(name: str, values: list[Any], **others: Any) -> list[tuple[str, dict[str, Any]]]:
    return [(name, {name: value, **others}) for value in values]


_NO_FOLDERS = [
    "",
    "/",
    "//",
    "files",
    "/files/",
    "files//",
    "files//new/",
    "files/*",
    "files*/",
    "*",
    "*/",
    "?iles/",
    "./",
    "../",
    "files/./",
    "files/../",
    "files/..",
    ".hidden/",
    "files/%2e%2e/",
    "my files/",
    " files/",
    "files/ ",
    "files/\n",
    "files\\",
    "dateïen/",
    "files/${aws:username}/",
]
_NO_PATTERNS = [
    "",
    "*",
    "/*",
    "**",
    "open",
    "open/",
    "open*",
    "/open/*",
    "open//*",
    "open/**",
    "open/*/*",
    "open/*.jpg",
    "*.jpg",
    "*/open/*",
    "?pen/*",
    "open/./*",
    "open/../*",
    "../*",
    ".open/*",
    "open%2F*",
    "my open/*",
    "open/*\n",
    " open/*",
    "öffen/*",
]
_NO_CANARIES = [
    "",
    "http://downloads.example.com/canary.txt",
    "HTTP://downloads.example.com/canary.txt",
    "ftp://downloads.example.com/canary.txt",
    "//downloads.example.com/canary.txt",
    "downloads.example.com/canary.txt",
    "canary.txt",
    "https:/downloads.example.com/canary.txt",
    "https://",
    "https://downloads.example.com",
    "https://downloads.example.com/",
    "https:///canary.txt",
    "https://user:password@downloads.example.com/canary.txt",
    "https://downloads.example.com/canary.txt?Expires=1",
    "https://downloads.example.com/canary.txt#top",
    "https://downloads.example.com/*",
    "https://downloads.example.com/my canary.txt",
    "https://downloads.example.com\\canary.txt",
    " https://downloads.example.com/canary.txt",
    "https://downloads.example.com/canary.txt\n",
    # These need no signature, so they'd test nothing.
    "https://downloads.example.com/public/canary.txt",
    "https://downloads.example.com//public/canary.txt",
    "https://downloads.example.com/x/../public/canary.txt",
    "https://downloads.example.com/%70ublic/canary.txt",
]
_NO_ORIGINS = [
    "",
    "*",
    "null",
    "shop.example.com",
    "https://*.example.com",
    "https://shop.example.com/",
    "https://shop.example.com/path",
    "https://shop.example.com?query",
    "https://user@shop.example.com",
    "https://shop.example.com; script-src *",
    "https://shop.example.com https://elsewhere.example",
    "https://shop.example.com\n",
    "https://Shop.example.com",
    "https://shop..example.com",
    "https://.",
    "https://",
    "https://shop.example.com:443",
    "http://shop.example.com",
]

REFUSED = [
    *_each("uploads_prefix", _NO_FOLDERS),
    *_each("public_path", _NO_PATTERNS),
    # What is uploaded may not open without a signature.
    *_each("uploads_prefix", ["public/", "public/uploads/"]),
    *_each("uploads_prefix", ["uploads/"], public_path="uploads/*"),
    *_each("uploads_prefix", ["uploads/"], public_path="uploads/public/*"),
    *_each("canary_url", _NO_CANARIES),
    *_each("canary_url", ["https://downloads.example.com/open/c.txt"], public_path="open/*"),
    *_each("app_origins", [[origin] for origin in _NO_ORIGINS]),
    *_each("app_origins", [["https://shop.example.com", "https://*.example.com"]]),
    *_each("certificate_arn", [None], aliases=["downloads.example.com"]),
    *_each("certificate_arn", [CERTIFICATE]),
    *_each(
        "certificate_arn",
        [CERTIFICATE.replace("us-east-1", "eu-central-1"), "1234abcd", ""],
        aliases=["downloads.example.com"],
    ),
    *_each(
        "aliases",
        [
            [""],
            ["https://downloads.example.com"],
            ["downloads.example.com/"],
            ["downloads.example.com:443"],
            ["*.example.com"],
            ["Downloads.example.com"],
            ["downloads.example.com", "files.example.com\n"],
        ],
        certificate_arn=CERTIFICATE,
    ),
    *_each("minimum_protocol_version", ["", "TLSv1", "TLSv1.1_2016", "TLSv1.2_2019", "TLSv1.3"]),
    *_each("price_class", ["PriceClass_300", ""]),
    *_each("rotation_architecture", ["aarch64", ""]),
    *_each("key_type", ["RSA-4096", "p-256", ""]),
    *_each("rotate_after_days", [1, 0, 1001]),
    *_each("overlap_hours", [-1]),
    *_each(
        "existing_public_key_ids",
        [
            [PUBLIC_KEY_ID] * 6,
            ["a1b2c3d4-5678-90ab-cdef-111122223333"],  # a key group's
            ["APKAIOSFODNN7EXAMPLE"],  # a key pair of the account's root
            [f" {PUBLIC_KEY_ID}"],
            [f"{PUBLIC_KEY_ID}\n"],
            [""],
        ],
    ),
    *_each(
        "function_environment",
        [{name: "x"} for name in ("CF_SECRET_ID", "CF_CANARY_URL", "CF_MAX_AGE_SECONDS")],
    ),
    *_each("alarm_emails", [["ops"], ["ops@example.com, dev@example.com"], [""]]),
    *_each("uploads_enabled", [True]),
    *_each("sign_in_enabled", [True]),
]

ACCEPTED: list[dict[str, Any]] = [
    {"uploads_prefix": "u/"},
    {"uploads_prefix": "shop_1/up-loads/v1.2/"},
    {"uploads_prefix": "publications/"},  # not within public/
    {"uploads_prefix": "in/public/"},
    {"public_path": "open/*"},
    {"public_path": "shop/open-1/*"},
    {"public_path": "uploads2/*"},
    {"canary_url": "https://d111111abcdef8.cloudfront.net/canary.txt"},
    {"canary_url": "https://downloads.example.com/publications/v1.2/canary"},
    {"app_origins": ["https://shop.example.com:8443", "http://localhost:8000"]},
    {"app_origins": ["http://127.0.0.1:8000", "https://xn--bcher-kva.example"]},
    {
        "aliases": ["downloads.example.com", "*.files.example.com"],
        "certificate_arn": CERTIFICATE,
        "minimum_protocol_version": "TLSv1.2_2021",
    },
    {"key_type": "RSA-2048", "rotation_architecture": "x86_64", "price_class": "PriceClass_All"},
    {"existing_public_key_ids": [PUBLIC_KEY_ID, "K36X4X2EO997HM"]},
    {"function_environment": {"CF_SETTLE_SECONDS": "600"}, "alarm_emails": ["ops@example.com"]},
    {"rotate_after_days": 1, "overlap_hours": 23},
]
