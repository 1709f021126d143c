"""Variables of EXT-X-DEFINE: what they become, and what they never tell."""

from __future__ import annotations

import re

import pytest

from cf_protected.exceptions import InvalidPlaylist
from cf_protected.hls import rewrite, variables_of
from cf_protected.hls.playlist import MAX_CHARACTERS, MAX_REWRITTEN_CHARACTERS
from tests.hls.samples import BASE_URL, FOLDER, marked, marked_line

HERE = f"{FOLDER}720p"


def of_query(query: str, lines: str) -> str:
    """Return ``lines``, rewritten below ``#EXTM3U`` in a playlist whose URL has ``query``."""
    text = marked(f"#EXTM3U\n{lines}", f"{BASE_URL}?{query}")
    return text.removeprefix("#EXTM3U\n")


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("v=2", "2"),
        ("a=1&v=2&v=3", "2"),
        ("%76=2%2B%C3%A9+4", "2+é 4"),
        ("v=", ""),
        ("v", ""),
    ],
)
def test_a_query_parameter_becomes_a_name_and_a_value(query: str, value: str) -> None:
    """As ``URLSearchParams`` reads it, and so hls.js and video.js."""
    lines = of_query(query, '#EXT-X-DEFINE:QUERYPARAM="v"\n//other.example/?{$v}')
    definition, uri = lines.split("\n")
    assert definition == f'#EXT-X-DEFINE:NAME="v",VALUE="{value}"'
    assert uri.startswith("media:https://other.example/?")


def test_the_value_of_a_query_parameter_is_filled_in() -> None:
    lines = of_query("v=2", '#EXT-X-DEFINE:QUERYPARAM="v"\na{$v}.ts\n#EXT-X-MAP:URI="{$v}.mp4"')
    assert lines.endswith(f'\nmedia:{HERE}/a2.ts\n#EXT-X-MAP:URI="media:{HERE}/2.mp4"')


@pytest.mark.parametrize(
    "query", ["", "other=1", "V=1", "v=%22", "v=%0A", "v=a%0Db", "v=%E2%80%A8"]
)
def test_a_definition_that_has_no_value_is_not_written(query: str) -> None:
    """A player would find a parameter of that name in the URL of the rewritten playlist."""
    uri = "https://other.example/{$v}"
    assert of_query(query, f'#EXT-X-DEFINE:QUERYPARAM="v"\n{uri}') == (
        f'# EXT-X-DEFINE:QUERYPARAM="v"\n{uri}'
    )


@pytest.mark.parametrize(
    "line",
    [
        '#EXT-X-DEFINE:QUERYPARAM="token"',
        ' #EXT-X-DEFINE:QUERYPARAM="token"',
        '\t#EXT-X-DEFINE:QUERYPARAM="token"\t',
        '\u3000#EXT-X-DEFINE:QUERYPARAM="token"',
        '#EXT-X-DEFINE: QUERYPARAM = "token"',
        '#EXT-X-DEFINE:QUERYPARAM\ufeff="token"',
        "#EXT-X-DEFINE:QUERYPARAM=token",
        '#EXT-X-DEFINE:NAME="a",VALUE="b",QUERYPARAM="token"',
        '#EXT-X-DEFINE:QUERYPARAM="token",NAME="a",VALUE="b"',
        '#EXT-X-DEFINE:QUERYPARAM="{$name}"',
        '#EXT-X-DEFINE:NAME="a",VALUE="b" #EXT-X-DEFINE:QUERYPARAM="token"',
        '# a comment #EXT-X-DEFINE:QUERYPARAM="token"',
        '#EXTINF:4,#EXT-X-DEFINE:QUERYPARAM="token"',
        '#EXTINF:4,a\u2028#EXT-X-DEFINE:QUERYPARAM="token"',
        '#EXTINF:4,a\r#EXT-X-DEFINE:QUERYPARAM="token"',
        '#EXT-X-MEDIA:NAME="#EXT-X-DEFINE:QUERYPARAM=token",URI="a"',
        'https://other.example/#EXT-X-DEFINE:QUERYPARAM="token"',
        'a.ts#EXT-X-DEFINE:QUERYPARAM="token"',
        '#EXTM3U #EXT-X-DEFINE:QUERYPARAM="token"',
    ],
)
def test_no_spelling_lets_a_player_look_into_the_playlists_new_url(line: str) -> None:
    name = '#EXT-X-DEFINE:NAME="name",VALUE="token"'
    written = marked_line(f"{name}\n{line}")
    assert not re.search(r"#EXT-X-DEFINE:[^\r\n]*QUERYPARAM", written)


def test_the_first_line_can_not_hide_a_definition() -> None:
    playlist = '#EXTM3U #EXT-X-DEFINE:QUERYPARAM="token"\n'
    assert marked(playlist) == playlist.replace("#EXT-X", "# EXT-X")


def test_a_value_may_have_variables() -> None:
    define = '#EXT-X-DEFINE:NAME="a",VALUE="1"\n#EXT-X-DEFINE:NAME="b",VALUE="{$a}2{$a}"\n'
    assert marked_line(f"{define}{{$b}}.ts") == f"{define}media:{HERE}/121.ts"


def test_the_first_definition_counts() -> None:
    define = '#EXT-X-DEFINE:NAME="a",VALUE="1"\n#EXT-X-DEFINE:NAME="a",VALUE="2"\n'
    assert marked_line(f"{define}{{$a}}") == f"{define}media:{HERE}/1"


def imported(lines: str, **variables: str) -> str:
    return rewrite(
        f"#EXTM3U\n{lines}",
        base_url=BASE_URL,
        media=lambda url: f"media:{url}",
        playlist_url=lambda url: None,
        imports=variables.get,
    ).removeprefix("#EXTM3U\n")


def test_an_imported_variable_is_filled_in() -> None:
    lines = '#EXT-X-DEFINE:IMPORT="a"\n{$a}/1.ts\n../../{$a}.ts'
    assert imported(lines, a="x y") == (
        f'#EXT-X-DEFINE:IMPORT="a"\nmedia:{HERE}/x%20y/1.ts\n'
        "media:https://cdn.example.com/videos/x%20y.ts"
    )
    assert imported(lines, b="x") == lines


def test_the_variables_of_a_multivariant_playlist() -> None:
    playlist = (
        '#EXTM3U\n #EXT-X-DEFINE:NAME="a",VALUE="1"\r\n#EXT-X-DEFINE:QUERYPARAM="q"\n'
        '#EXT-X-DEFINE:IMPORT="c"\n#EXT-X-DEFINE:NAME="d",VALUE="{$a}{$q}"\n# NAME="e",VALUE="2"'
    )
    assert variables_of(playlist, base_url=f"{BASE_URL}?q=2") == {"a": "1", "q": "2", "d": "12"}
    with pytest.raises(InvalidPlaylist):
        variables_of("a", base_url=BASE_URL)


def test_a_url_of_variables_that_is_too_long_is_unchanged() -> None:
    lines = f'#EXT-X-DEFINE:NAME="a",VALUE="{"x" * 5000}"\n' + "{$a}{$a}\n" * 100
    assert marked_line(lines) == lines


@pytest.mark.parametrize(
    "uri", ["{$a}", '#EXT-X-MAP:URI="{$a}"', '#EXT-X-DEFINE:NAME="b",VALUE="{$a}"', "../../{$a}"]
)
def test_variables_can_not_make_a_small_playlist_large(uri: str) -> None:
    """0.6 MB of such lines would become 760 MB."""
    value = "x" * 7000
    lines = f'#EXT-X-DEFINE:NAME="a",VALUE="{value}"\n' + f"{uri}\n" * 20_000
    with pytest.raises(InvalidPlaylist, match="too large with its variables"):
        marked_line(lines)


def test_variables_in_variables_can_not_grow_without_end() -> None:
    define = '#EXT-X-DEFINE:NAME="a0",VALUE="xx"\n' + "".join(
        f'#EXT-X-DEFINE:NAME="a{n + 1}",VALUE="{{$a{n}}}{{$a{n}}}"\n' for n in range(60)
    )
    assert marked_line(f"{define}{{$a60}}") == f"{define}{{$a60}}"


@pytest.mark.parametrize("line", ["a.ts\n", '#EXT-X-MAP:URI="a"\n', ',URI="a"'])
def test_the_rewritten_playlist_is_bounded(line: str) -> None:
    uris = 2_000
    signed = "x" * (MAX_REWRITTEN_CHARACTERS // uris)
    playlist = f"#EXTM3U\n#EXT-X-MAP:X=1\n{'#EXT-X-MAP:X=1' * (line[0] == ',')}{line * uris}"
    assert len(playlist) < MAX_CHARACTERS / 2
    with pytest.raises(InvalidPlaylist, match="more than 67,108,864 characters"):
        rewrite(
            playlist, base_url=BASE_URL, media=lambda url: signed, playlist_url=lambda url: None
        )
