"""Settings come from the environment, and a mistake is one line that names it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from isocenter.apps.settings_from_environment import (
    InvalidSetting,
    default_home,
    settings_from_environment,
    settings_to_environment,
)


def test_everything_has_a_default_and_nothing_listens_beyond_loopback() -> None:
    settings = settings_from_environment({})
    assert settings.http_host == settings.dicom_host == "127.0.0.1"
    assert (settings.http_port, settings.dicom_port, settings.ae_title) == (8080, 11112, "ISOCENTER")


def test_a_child_process_gets_the_same_settings() -> None:
    settings = settings_from_environment(
        {
            "ISOCENTER_HOME": "/tmp/x",
            "ISOCENTER_QUIET_FOR": "90s",
            "ISOCENTER_HOT_CACHE_BYTES": "3GiB",
            "ISOCENTER_HOT_CACHE_FOR": "200d",
            "ISOCENTER_DICOM_ACCEPT_FROM": "10.0.0.0/8, fd00::/8",
            "ISOCENTER_DATABASE_URL": "postgresql://a:b@c/d",
        }
    )
    assert settings.quiet_for == timedelta(seconds=90)
    assert settings.hot_cache_bytes == 3 << 30
    assert settings_from_environment(settings_to_environment(settings)) == settings


def test_a_blank_value_is_the_default() -> None:
    assert settings_from_environment({"ISOCENTER_HTTP_PORT": " "}).http_port == 8080


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ISOCENTER_HTTP_PORT", "http"),
        ("ISOCENTER_HTTP_PORT", "65536"),
        ("ISOCENTER_DICOM_PORT", "-1"),
        ("ISOCENTER_AE_TITLE", "A" * 17),
        ("ISOCENTER_AE_TITLE", "A\\B"),
        ("ISOCENTER_AE_TITLE", "\u533b\u9662"),
        ("ISOCENTER_QUIET_FOR", "soon"),
        ("ISOCENTER_QUIET_FOR", "1.2.3s"),
        ("ISOCENTER_HOT_CACHE_BYTES", "lots"),
        ("ISOCENTER_MAX_ASSOCIATIONS", "0"),
        ("ISOCENTER_WEB_PROCESSES", "0"),
        ("ISOCENTER_DICOM_ACCEPT_FROM", "everywhere"),
        ("ISOCENTER_DATABASE_URL", "mysql://x"),
        ("ISOCENTER_STORAGE_URL", "ftp://x"),
        ("ISOCENTER_LOG_FORMAT", "xml"),
        ("ISOCENTER_HTPP_PORT", "80"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_setting(name: str, value: str) -> None:
    with pytest.raises(InvalidSetting) as refusal:
        settings_from_environment({name: value})
    assert name in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_the_home_of_root_of_others_and_of_the_demo() -> None:
    assert default_home({}, root=True) == Path("/var/lib/isocenter")
    assert default_home({}, demo=True, root=True) == Path("/var/lib/isocenter-demo")
    assert default_home({"XDG_DATA_HOME": "/x"}, root=False) == Path("/x/isocenter")
    assert default_home({"HOME": "/home/ada"}, root=False) == Path("/home/ada/.local/share/isocenter")
    assert default_home({"HOME": "/home/ada", "XDG_DATA_HOME": "relative"}, root=False).is_absolute()


def test_the_demo_has_its_own_home_unless_one_is_named() -> None:
    assert settings_from_environment({}, demo=True).institution_name == "Demo"
    assert settings_from_environment({"ISOCENTER_HOME": "/tmp/x"}, demo=True).home == Path("/tmp/x")
