"""One translator serves every schema: what it says names the place, the cause and a way out, and no secret."""

import jsonschema
import pytest
from lamplighter.contract.sentences import complaints

SCHEMA = {
    "type": "object",
    "required": ["site", "wifi"],
    "additionalProperties": False,
    "properties": {
        "site": {"type": "string", "pattern": "^[a-z]+$", "x-says": "small letters", "description": "Where it is."},
        "lat": {"type": ["number", "null"], "minimum": -180, "maximum": 180},
        "kind": {"enum": ["sun", "night"]},
        "rows": {"type": "array", "maxItems": 2, "uniqueItems": True, "items": {"type": "integer"}},
        "wifi": {
            "type": "object", "properties": {"password": {"type": "string", "minLength": 8, "enum": ["secret-word"]}}
        },
    },
}  # fmt: skip
GOOD = {"site": "lisbon", "wifi": {}}


def said(document):
    errors = jsonschema.Draft202012Validator(SCHEMA).iter_errors(document)
    return [str(one) for one in complaints(errors, secret=[("wifi", "password")])]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"lat": -914}, "lat: -914 is below the minimum of -180."),
        ({"lat": 914}, "lat: 914 is above the maximum of 180."),
        ({"lat": "1"}, 'lat: must be a number or null, not "1".'),
        ({"site": "Lisbon"}, 'site: must be small letters, not "Lisbon".'),
        ({"kind": "nigth"}, 'kind: must be one of sun, night, not "nigth"; did you mean night?'),
        ({"rows": [1, 2, 3]}, "rows: must have at most 2 entries; it has 3."),
        ({"rows": [1, 1]}, "rows: must not contain duplicates."),
        ({"rows": [1, "0x10"]}, 'rows[1]: must be a whole number, not "0x10"; 0x10 is 16.'),
        ({"colour": 1}, "colour: there is no such key; known are site, lat, kind, rows, wifi."),
        ({"kinds": "sun"}, "kinds: there is no such key; did you mean kind?"),
    ],
)
def test_each_kind_of_error_is_a_sentence(change, sentence):
    assert said({**GOOD, **change}) == [sentence]


def test_a_misspelt_key_is_one_error_and_not_a_missing_one_too():
    assert said({"sites": "lisbon", "wifi": {}}) == ["sites: there is no such key; did you mean site?"]
    assert said({"wifi": {}}) == ["site: is missing (Where it is)."]


@pytest.mark.parametrize("secret", ["secret-wort", "0x1234567", 12345678])
def test_a_secret_is_in_no_sentence(secret):
    text = " ".join(said({**GOOD, "wifi": {"password": secret}}))
    assert text and str(secret) not in text
    assert "123" not in " ".join(said({**GOOD, "wifi": ["1234"]}))
