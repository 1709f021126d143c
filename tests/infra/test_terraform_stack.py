"""A stack's whole life in an emulated AWS, told in the order of the tests."""

from __future__ import annotations

import base64
import json
import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from django.core.management import call_command

from cf_protected.conf import app_settings
from tests.infra.conftest import initialised
from tests.infra.emulator import REGION, credentials, running_aws
from tests.infra.terraform import Terraform

VARIABLES = {
    "prefix": "shop-test",
    "region": REGION,
    "app_role_name": "shop-app",
    "app_origins": ["https://shop.example.com"],
    "force_destroy": True,
    "secret_recovery_days": 0,
    "logs_enabled": True,
    "uploads_enabled": True,
    "sign_in_enabled": True,
    "sign_in_callback_urls": ["https://shop.example.com/accounts/callback/"],
}
