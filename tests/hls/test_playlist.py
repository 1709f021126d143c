"""Which URIs of a playlist are rewritten. Nothing else changes."""

from __future__ import annotations

import re
from urllib.parse import urljoin

import pytest

from cf_protected.exceptions import CFProtectedError, InvalidPlaylist, InvalidURL
from cf_protected.hls import rewrite
from cf_protected.hls.playlist import MAX_CHARACTERS, MAX_URIS
from tests.hls.samples import BASE_URL, FOLDER, marked, marked_line

HERE = f"{FOLDER}720p"


def test_a_media_playlist() -> None:
    assert (
        marked("""#EXTM3U
#EXT-X-TARGETDURATION:10
#EXT-X-VERSION:3
#EXTINF:9.009,
http://media.example.com/first.ts
#EXTINF:9.009,
second.ts
#EXTINF:3.003,A title, with a comma and https://example.com/a.ts
/videos/third.ts
#EXT-X-ENDLIST
""")
        == f"""#EXTM3U
#EXT-X-TARGETDURATION:10
#EXT-X-VERSION:3
#EXTINF:9.009,
media:http://media.example.com/first.ts
#EXTINF:9.009,
media:{HERE}/second.ts
#EXTINF:3.003,A title, with a comma and https://example.com/a.ts
media:https://cdn.example.com/videos/third.ts
#EXT-X-ENDLIST
"""
    )


def test_a_media_playlist_with_keys_a_map_and_byte_ranges() -> None:
    assert (
        marked("""#EXTM3U
#EXT-X-VERSION:7
#EXT-X-MEDIA-SEQUENCE:7794
#EXT-X-MAP:URI="main.mp4",BYTERANGE="719@0"
#EXT-X-KEY:METHOD=AES-128,URI="https://priv.example.com/key.php?r=52",IV=0x9c7db8778570d05c
#EXTINF:2.833,
#EXT-X-BYTERANGE:75232@719
main.mp4
#EXT-X-KEY:METHOD=NONE
#EXTINF:15.0,
#EXT-X-BYTERANGE:82112
main.mp4
""")
        == f"""#EXTM3U
#EXT-X-VERSION:7
#EXT-X-MEDIA-SEQUENCE:7794
#EXT-X-MAP:URI="media:{HERE}/main.mp4",BYTERANGE="719@0"
#EXT-X-KEY:METHOD=AES-128,URI="media:https://priv.example.com/key.php?r=52",IV=0x9c7db8778570d05c
#EXTINF:2.833,
#EXT-X-BYTERANGE:75232@719
media:{HERE}/main.mp4
#EXT-X-KEY:METHOD=NONE
#EXTINF:15.0,
#EXT-X-BYTERANGE:82112
media:{HERE}/main.mp4
"""
    )


def test_a_multivariant_playlist() -> None:
    assert (
        marked(
            """#EXTM3U
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="aac",NAME="English, stereo",URI="audio/en.m3u8",DEFAULT=YES
#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID="cc",NAME="Deutsch",INSTREAM-ID="CC1"
#EXT-X-STREAM-INF:BANDWIDTH=1280000,CODECS="avc1.4d401f,mp4a.40.2",AUDIO="aac"
low.m3u8
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=86000,URI="low/iframe.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=7680000,AUDIO="aac"
# a comment between the tag and its line

hi/index
""",
            f"{FOLDER}master.m3u8",
        )
        == f"""#EXTM3U
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="aac",NAME="English, stereo",URI="playlist:{FOLDER}audio/en.m3u8",DEFAULT=YES
#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID="cc",NAME="Deutsch",INSTREAM-ID="CC1"
#EXT-X-STREAM-INF:BANDWIDTH=1280000,CODECS="avc1.4d401f,mp4a.40.2",AUDIO="aac"
playlist:{FOLDER}low.m3u8
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=86000,URI="playlist:{FOLDER}low/iframe.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=7680000,AUDIO="aac"
# a comment between the tag and its line

playlist:{FOLDER}hi/index
"""  # noqa: E501
    )


@pytest.mark.parametrize(
    "line",
    [
        '#EXT-X-CONTENT-STEERING:SERVER-URI="{}",PATHWAY-ID="CDN-A"',
        '#EXT-X-DATERANGE:ID="ad1",CLASS="com.apple.hls.interstitial",X-ASSET-LIST="{}"',
        '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="{}",KEYFORMAT="identity",KEYFORMATVERSIONS="1"',
        '#EXT-X-MAP:URI="{}"',
        '#EXT-X-PART:DURATION=0.33334,URI="{}",BYTERANGE="2000@100",INDEPENDENT=YES',
        '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="{}",BYTERANGE-START=0',
        "#EXT-X-PREFETCH:{}",
        "#EXT-X-TWITCH-PREFETCH:{}",
        '#EXT-X-SESSION-DATA:DATA-ID="com.example.lyrics",URI="{}"',
        '#EXT-X-SESSION-KEY:METHOD=AES-128,URI="{}"',
    ],
)
def test_tags_that_name_media(line: str) -> None:
    assert marked_line(line.format("a.bin")) == line.format(f"media:{HERE}/a.bin")


@pytest.mark.parametrize(
    "line",
    [
        '#EXT-X-DATERANGE:ID="ad1",X-ASSET-URI="{}",X-RESTRICT="SKIP,JUMP"',
        '#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI="{}"',
        '#EXT-X-IMAGE-STREAM-INF:BANDWIDTH=1,RESOLUTION=320x180,CODECS="jpeg",URI="{}"',
        '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subs",NAME="English",URI="{}"',
        '#EXT-X-RENDITION-REPORT:URI="{}",LAST-MSN=273,LAST-PART=1',
    ],
)
def test_tags_that_name_a_playlist(line: str) -> None:
    assert marked_line(line.format("a.bin")) == line.format(f"playlist:{HERE}/a.bin")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "  ",
        "# https://cdn.example.com/videos/42/a.ts",
        "#EXT-X-KEY",
        "#EXT-X-KEY:",
        '#EXT-X-KEY:METHOD=NONE,URI=""',
        '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",URI=" "',
        "#EXT-X-KEY:METHOD=NONE,URI=",
        "#EXT-X-PREFETCH",
        "#EXT-X-PREFETCH:",
        '#EXTINF:4,title,URI="a.ts"',
        '#EXTINF:-1 tvg-logo="a.png",URI="a.ts"',
        '#EXT-X-MAP:odd name="a,URI=",X="b"',
        '#EXT-X-DEFINE:NAME="a",VALUE="b",URI="a.ts"',
        "#EXT-X-ENDLIST\t",
        '#EXT-X-KEY:URI="a.key',
        '#EXT-X-KEY:uri="a.key"',
        '#EXT-X-MEDIA:NAME="the, URI=,URI=",TYPE=AUDIO',
        '#EXT-X-SESSION-DATA:DATA-ID="a",VALUE="b,URI=c"',
        '#EXT-X-MAP:x-odd_name="a,URI=",X="b"',
        "#EXT-X-DISCONTINUITY",
        "#EXT-X-SKIP:SKIPPED-SEGMENTS=3",
        "#EXTINF:4,a.ts",
    ],
)
def test_lines_that_are_unchanged(line: str) -> None:
    assert marked_line(line) == line


@pytest.mark.parametrize(
    "line",
    [
        '#EXT-X-UNKNOWN:URI="{}"',
        '#EXT-X-UNKNOWN:OTHER-URI="{}"',
        '#EXT-X-KEY:X-URI="{}"',
        '#EXT-X-DATERANGE:ID="a",CLASS="com.apple.hls.preload",X-URI="{}"',
        '#EXT-X-DATERANGE:ID="a",URI="{}"',
    ],
)
def test_where_the_tag_does_not_say_the_extension_decides(line: str) -> None:
    for name in ("a.ts", "a", "m3u8", "a.m3u8/b.ts", "a.ts?b.m3u8"):
        assert marked_line(line.format(name)) == line.format(f"media:{HERE}/{name}")
    for name in ("a.m3u8", "a.M3U8", "a.m3u?b.ts"):
        assert marked_line(line.format(name)) == line.format(f"playlist:{HERE}/{name}")


@pytest.mark.parametrize(
    "line",
    [
        '#EXT-X-KEY:METHOD=AES-128, \tURI="{}", IV=0x1',
        '#EXT-X-KEY: URI="{}"',
        '#EXT-X-KEY:URI ="{}"',
        '#EXT-X-KEY:URI=\t"{}" ,IV=0x1',
        '#EXT-X-KEY :URI="{}"',
        '#EXT-X-KEY:URI="{}"\t ',
        '#EXT-X-KEY:METHOD=the "AES" one,URI="{}"',
    ],
)
def test_blanks_around_attributes_are_kept(line: str) -> None:
    assert marked_line(line.format("a.key")) == line.format(f"media:{HERE}/a.key")


@pytest.mark.parametrize("blanks", [" ", "\t", " \t ", "\u3000", "\x0c"])
@pytest.mark.parametrize("line", ['#EXT-X-KEY:URI="{}"', "# a comment", "#EXT-X-ENDLIST "])
def test_blanks_before_a_tag_or_comment_are_removed(blanks: str, line: str) -> None:
    """To hls.js a tag after a space is a URI."""
    written = line.format(f"media:{HERE}/a.key")
    assert marked_line(f"{blanks}{line}".format("a.key")) == written


def test_a_uri_without_quotes_gets_some() -> None:
    line = "#EXT-X-KEY:METHOD=AES-128,URI={},IV=0x1"
    assert marked_line(line.format("a.key")) == line.format(f'"media:{HERE}/a.key"')


@pytest.mark.parametrize("line", ["\ta.ts", "a.ts\t", " \t a.ts \t", "\x0ba.ts\x0c", "a.\tts"])
def test_blanks_around_and_tabs_in_a_line_are_no_part_of_its_uri(line: str) -> None:
    assert marked_line(line) == f"media:{HERE}/a.ts"


@pytest.mark.parametrize(
    "between",
    [
        "#comment", " # comment", "\t# comment", "# a.ts", "", " ", "\t", "#EXT-X-UNKNOWN",
        "\u3000#comment", "#\n\t#\n\n#",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "tag", ["#EXT-X-STREAM-INF:", " #EXT-X-STREAM-INF:", "#EXT-X-STREAM-INF :"]
)
def test_what_stands_between_a_stream_and_its_uri_is_no_uri(between: str, tag: str) -> None:
    written = marked_line(f"{tag}BANDWIDTH=1\n{between}\na\nb")
    assert written.endswith(f"\nplaylist:{HERE}/a\nmedia:{HERE}/b")
    assert written.count(HERE) == 2


def test_a_carriage_return_alone_ends_a_line() -> None:
    """Not in RFC 8216, but hls.js and ExoPlayer read it so."""
    assert marked("#EXTM3U\r#EXTINF:4,\ra\r\rb") == (
        f"#EXTM3U\r#EXTINF:4,\rmedia:{HERE}/a\r\rmedia:{HERE}/b"
    )


def test_the_tag_decides_not_the_extension() -> None:
    assert marked_line("#EXTINF:4,\na.m3u8") == f"#EXTINF:4,\nmedia:{HERE}/a.m3u8"
    stream = "#EXT-X-STREAM-INF:BANDWIDTH=1"
    assert marked_line(f"{stream}\na.ts") == f"{stream}\nplaylist:{HERE}/a.ts"


def test_only_the_first_uri_after_a_stream_is_a_playlist() -> None:
    stream = "#EXT-X-STREAM-INF:BANDWIDTH=1"
    assert marked_line(f"{stream}\na\nb") == f"{stream}\nplaylist:{HERE}/a\nmedia:{HERE}/b"


def test_a_segment_after_a_stream_without_a_line_is_media() -> None:
    lines = "#EXT-X-STREAM-INF:BANDWIDTH=1\n#EXTINF:4,\n"
    assert marked_line(f"{lines}a.ts") == f"{lines}media:{HERE}/a.ts"


@pytest.mark.parametrize("ending", ["", "\n", "\r\n", "\n\n", "\r\n\r\n"])
def test_line_endings_are_kept(ending: str) -> None:
    text = f'#EXTM3U\r\n#EXT-X-MAP:URI="{{0}}"\r\n#EXTINF:4,\n{{0}}\r\n\r\n{{0}}{ending}'
    assert marked(text.format("a.ts")) == text.format(f"media:{HERE}/a.ts")


@pytest.mark.parametrize("separator", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"])
def test_no_other_character_ends_a_line(separator: str) -> None:
    line = f"#EXTINF:4,a{separator}b.ts"
    assert marked_line(line) == line


def unsigned(playlist: str) -> str:
    """Return ``playlist`` as it is if both functions return None."""
    return rewrite(
        playlist, base_url=BASE_URL, media=lambda url: None, playlist_url=lambda url: None
    )


def test_a_uri_leads_where_it_led_if_none_is_returned() -> None:
    playlist = '#EXTM3U\n#EXT-X-MAP:URI="{0}a{1}b.mp4"\n{0}a{1}b.ts#t=1\n'
    assert unsigned(playlist.format("../", " ")) == playlist.format(FOLDER, "%20")


@pytest.mark.parametrize("uri", ["https://A.example:443/b c|.ts", "skd://A", "urn:a:B", "data:,a"])
def test_an_absolute_uri_is_unchanged_if_none_is_returned(uri: str) -> None:
    playlist = f'#EXTM3U\n#EXT-X-MAP:URI="{uri}"\n{uri}\n'
    assert unsigned(playlist) == playlist


@pytest.mark.parametrize("prefix", ["../", "/x/", "//other.example/"])
def test_variables_are_filled_into_a_uri_that_becomes_absolute(prefix: str) -> None:
    define = '#EXTM3U\n#EXT-X-DEFINE:NAME="a",VALUE="b c"\n'
    url = urljoin(BASE_URL, prefix)
    assert unsigned(f"{define}{prefix}{{$a}}.ts") == f"{define}{url}b%20c.ts"


def test_variables_stay_in_a_uri_that_is_absolute() -> None:
    playlist = (
        '#EXTM3U\n#EXT-X-DEFINE:NAME="a",VALUE="https://other.example"\n'
        "{$a}/a.ts\nhttps://other.example/{$a}.ts"
    )
    assert unsigned(playlist) == playlist


def test_variables_of_this_playlist_are_replaced() -> None:
    define = '#EXT-X-DEFINE:NAME="host",VALUE="https://cdn.example.com"\n'
    define += '#EXT-X-DEFINE:NAME="a-b_1",VALUE="x y"\n'
    assert (
        marked_line(f'{define}{{$host}}/{{$a-b_1}}.ts\n#EXT-X-MAP:URI="{{$a-b_1}}{{$a-b_1}}"')
        == f"{define}media:https://cdn.example.com/x%20y.ts\n"
        f'#EXT-X-MAP:URI="media:{HERE}/x%20yx%20y"'
    )


@pytest.mark.parametrize(
    "definition",
    [
        "",
        '#EXT-X-DEFINE:IMPORT="a"',
        '#EXT-X-DEFINE:NAME="b",VALUE="1"',
        '#EXT-X-DEFINE:VALUE="1"',
        '#EXT-X-DEFINE:NAME="a"',
        "#EXT-X-DEFINE",
    ],
)
def test_a_uri_with_an_unknown_variable_is_unchanged(definition: str) -> None:
    lines = f'{definition}\nx/{{$a}}.ts\n#EXT-X-MAP:URI="{{$a}}"'
    assert marked_line(lines) == lines


def test_a_variable_is_replaced_after_its_definition() -> None:
    define = '#EXT-X-DEFINE:NAME="a",VALUE="1"'
    assert marked_line(f"{{$a}}\n{define}\n{{$a}}") == f"{{$a}}\n{define}\nmedia:{HERE}/1"


@pytest.mark.parametrize(
    ("playlist", "problem"),
    [
        ("", "doesn't start with #EXTM3U"),
        ("\n#EXTM3U\n", "doesn't start with #EXTM3U"),
        (" #EXTM3U\n", "doesn't start with #EXTM3U"),
        ("#extm3u\n", "doesn't start with #EXTM3U"),
        ("#EXTM3U8\n", "doesn't start with #EXTM3U"),
        ("#EXTM3U-X\n", "doesn't start with #EXTM3U"),
        ("<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", "isn't an HLS playlist"),
        ("\ufeff#EXTM3U\n", "starts with a byte order mark"),
    ],
)
def test_texts_that_are_not_playlists_are_refused(playlist: str, problem: str) -> None:
    with pytest.raises(InvalidPlaylist, match=re.escape(problem)):
        marked(playlist)


@pytest.mark.parametrize("playlist", ["#EXTM3U", "#EXTM3U\r\n", "#EXTM3U \n", "#EXTM3U x=1\na:b"])
def test_what_players_accept_is_accepted(playlist: str) -> None:
    assert marked(playlist) == playlist


def test_the_text_is_bounded() -> None:
    largest = "#EXTM3U\n#".ljust(MAX_CHARACTERS, "x")
    assert marked(largest) == largest
    with pytest.raises(InvalidPlaylist, match="has 4,194,305 characters; the maximum is 4,194,304"):
        marked(f"{largest}x")


def test_the_uris_are_bounded() -> None:
    most = "#EXTM3U\n" + "a:\n" * MAX_URIS
    assert marked(most) == most
    with pytest.raises(InvalidPlaylist, match="has more than 100,000 URIs"):
        marked(f"{most}a:\n")


def test_the_error_is_one_of_the_package_and_a_value_error() -> None:
    assert issubclass(InvalidPlaylist, CFProtectedError)
    assert issubclass(InvalidPlaylist, ValueError)


@pytest.mark.parametrize("base_url", ["index.m3u8", "https://cdn.example.com/a b.m3u8", ""])
def test_the_playlists_own_url_must_be_absolute_and_encoded(base_url: str) -> None:
    with pytest.raises(InvalidURL):
        marked("#EXTM3U", base_url)


@pytest.mark.parametrize(
    "line",
    [
        "#EXT-X-KEY:" + "A" * 1_000_000,
        "#EXT-X-KEY:" + 'A="' * 300_000,
        "#EXT-X-KEY:" + "," * 1_000_000,
        "#EXT-X-KEY:" + ", " * 500_000,
        "#EXT-X-KEY:" + ",A" * 500_000,
        "#EXT-X-KEY:" + ',URI="' * 150_001,
        "{$" * 500_000,
        "{$" + "a" * 1_000_000,
        "/." * 500_000 + "/a.",
        "../" * 300_000 + "a",
        "#EXT-X-KEY:" + " " * 1_000_000 + "a",
        "#EXT-X-KEY:" + "a " * 500_000 + "=a",
        "#EXT-X-KEY:URI=" + " " * 1_000_000 + "a,",
        '#EXT-X-KEY:URI="' + "{$" * 500_000 + '"',
        " " * 1_000_000 + "#",
        "#EXT-X-DEFINE:" * 70_000 + "QUERYPARAM",
        "a" * 1_000_000,
        " " * 1_000_000 + "a",
    ],
    ids=lambda line: f"{line[:18]}...",
)
def test_no_line_takes_more_than_linear_time(line: str) -> None:
    """Quadratic time would be minutes for a million characters."""
    assert marked_line(line).endswith(line[-1])
