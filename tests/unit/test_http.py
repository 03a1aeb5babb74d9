"""An answer of a web server counts only if it is the piece that was asked for."""

from lamppost.core.faults import FetchFault
from lamppost.link import http


def head(status="206 Partial Content", span="bytes 4096-8191/10000", length=4096, more=""):
    fields = "Content-Length: %s\r\n" % length + ("content-range: %s\r\n" % span if span else "")
    return ("HTTP/1.1 %s\r\nServer: x\r\n" % status + fields + more).encode()


def refused(text, start=4096):
    try:
        http.parse_head(text, start, 4096)
    except FetchFault as fault:
        return fault.word
    return None


def test_addresses_are_taken_apart_and_others_refused():
    assert http.split_url("http://releases.lan/a/b.release") == ("http", "releases.lan", 80, "/a/b.release")
    assert http.split_url("http://10.0.0.1:8080/x") == ("http", "10.0.0.1", 8080, "/x")
    assert http.split_url("https://a/b") == ("https", "a", 443, "/b")
    for url in ("http://a:0/c", "http://a:65536/c", "http//a", "ftp://a/b", "http://", "http://a:b/c", "http://a/b c",
                "http://a/b\r\nX: y", "", "http:///x"):  # fmt: skip
        assert http.split_url(url) is None, url


def test_the_piece_that_was_asked_for_is_taken():
    assert http.parse_head(head(), 4096, 4096) == (4096, 10000)
    assert http.parse_head(head(span="bytes 8192-9999/10000", length=1808), 8192, 4096) == (1808, 10000)
    assert http.parse_head(head("200 OK", "", 300), 0, 4096) == (300, 300)


def test_a_server_that_lies_about_ranges_is_refused():
    for text in (
        head(span="bytes 0-4095/10000"), head(span="bytes 4096-8190/10000"), head(span="bytes 4096-8191/8000"),
        head(span="bytes 4096-8191/*"), head(span=""), head(span="lines 4096-8191/10000"), head("200 OK", "", 10000),
        head("200 OK", "", 300), head(length=5000, span="bytes 4096-9095/10000"),
        head(length=0, span="bytes 4096-4095/9"),
        head(span="bytes 4096-8191/" + "9" * 40),
    ):  # fmt: skip
        assert refused(text) == "answer", text
    assert refused(head("200 OK", "", 10000), 0) == "answer"


def test_gzip_chunks_login_pages_and_what_is_not_http_are_refused():
    for text in (
        head(more="Content-Encoding: gzip\r\n"), head(more="Transfer-Encoding: chunked\r\n"), head(length=""),
        head(length="-1"), head("302 Found", ""), head("500 Oops", ""), b"SSH-2.0-OpenSSH", b"", b"\xff\xfe\r\n\xff:",
        head("401 \x1b[31mLogin", ""),
    ):  # fmt: skip
        assert refused(text) == "answer", text
    assert refused(head("404 Not Found", "")) == "absent"
