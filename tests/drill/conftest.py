from tests.key_sources.conftest import ministack as ministack  # noqa: PLC0414
