"""core/json_text.py: a configuration is changed as text, and nothing but the change differs."""

from lamppost.core import json_text
from raising import raises


def test_the_canonical_form_has_sorted_keys_and_no_spaces_and_keeps_each_number_as_it_is_written():
    text = b' {"lon": -9.13930, "lat":38.7223,\n"a": [1, 2.50, {"z": true, "b": null}], "n": 1e3} '
    assert json_text.canonical(text) == b'{"a":[1,2.50,{"b":null,"z":true}],"lat":38.7223,"lon":-9.13930,"n":1e3}'


def test_a_text_is_written_with_the_escapes_that_it_needs_and_no_others():
    # mutants of spelling must not give one content two fingerprints
    assert json_text.canonical(b'"caf\\u00e9 \\"x\\" \\\\ \\/ \\n"') == '"café \\"x\\" \\\\ / \\n"'.encode()


def test_a_merge_patch_adds_replaces_and_removes_as_rfc_7396_says():
    for base, patch, result in (
        (b'{"a":"b"}', b'{"a":"c"}', b'{"a":"c"}'),
        (b'{"a":"b"}', b'{"b":"c"}', b'{"a":"b","b":"c"}'),
        (b'{"a":"b","b":"c"}', b'{"a":null}', b'{"b":"c"}'),
        (b'{"a":["b"]}', b'{"a":"c"}', b'{"a":"c"}'),
        (b'{"a":{"b":"c"}}', b'{"a":{"b":"d","c":null}}', b'{"a":{"b":"d"}}'),
        (b'{"a":[{"b":"c"}]}', b'{"a":[1]}', b'{"a":[1]}'),
        (b'{"e":null}', b'{"a":1}', b'{"a":1,"e":null}'),
        (b"[1,2]", b'{"a":"b","c":null}', b'{"a":"b"}'),
        (b"{}", b'{"a":{"bb":{"ccc":null}}}', b'{"a":{"bb":{}}}'),
        (b'{"a":"foo"}', b"null", b"null"),
    ):
        assert json_text.merged(base, patch) == result, (base, patch)


def test_a_patch_leaves_the_digits_of_what_it_does_not_name():
    base = b'{"location":{"lat":38.722252,"lon":-9.139337},"node":"lp-0042"}'
    assert json_text.merged(base, b'{"asset":"A 1"}') == b'{"asset":"A 1",' + base[1:]


def test_what_is_not_json_is_refused():
    for text in (
        b"", b"{", b"{}{}", b'{"a" 1}', b'{"a":1 "b":2}', b"[1 2]", b'{"a":1,}', b"[1,]", b"{a:1}", b"01", b"+1", b"1.",
        b".5", b"1e", b"NaN", b"Infinity", b"tru", b'"a', b'"a\nb"', b'"\xff"', b'"\\u12"', b'"\\ud800"', b"1_0",
        b"--1", b"[" * 40 + b"]" * 40, b'{"a":1,"a":2}', b"'a'",
    ):  # fmt: skip
        with raises(ValueError):
            json_text.canonical(text)


def test_only_an_object_has_members():
    assert json_text.members(b' {"b":[ 1 ],"a":{ }} ') == {b'"a"': b"{}", b'"b"': b"[1]"}
    with raises(ValueError):
        json_text.members(b"[1]")
