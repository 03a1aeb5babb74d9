"""A program for a node's REPL, in as few bytes as a console can take it in."""

from __future__ import annotations

import ast
import itertools
import keyword
import string
import zlib


def small(source: str, call: str, stays: frozenset[str]) -> bytes:
    """The program without its comments, and what is called of it: deflated, as few bytes as a literal can have.

    stays -- names that others know its things by, the call among them; all else that it names becomes shorter.
    """
    tree = _bare(ast.parse(source))
    source = ast.unparse(_Terse(tree, stays).visit(tree)).replace("    ", " ")
    packer = zlib.compressobj(9, zlib.DEFLATED, -13)
    packed = packer.compress(f"{source}\n{call}\n".encode()) + packer.flush()
    return b"import io,deflate\nexec(deflate.DeflateIO(io.BytesIO(%s),deflate.RAW,13).read())" % _literal(packed)


class _Terse(ast.NodeTransformer):
    """Short names for what the program itself names."""

    def __init__(self, tree: ast.Module, stays: frozenset[str]):
        own = [node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)]
        own += [n.name for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.ClassDef))]
        own += [n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
        own += [n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store)]
        modules = {row.name for node in ast.walk(tree) if isinstance(node, ast.Import) for row in node.names}
        theirs = {
            node.attr for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules
        }  # fmt: skip
        names = [name for name in dict.fromkeys(own) if name not in stays | theirs]
        taken = {text for node in ast.walk(tree) for text in vars(node).values() if isinstance(text, str)}
        pairs = ("".join(pair) for pair in itertools.product(string.ascii_letters, repeat=2))
        free = (name for name in itertools.chain(string.ascii_letters, pairs)
                if name not in taken and not keyword.iskeyword(name))  # fmt: skip
        self._short = dict(zip(names, free, strict=False))

    def visit(self, node: ast.AST) -> ast.AST:
        for field in ("id", "arg", "attr", "name"):
            if isinstance(name := getattr(node, field, None), str) and name in self._short:
                setattr(node, field, self._short[name])
        return self.generic_visit(node)


def _literal(data: bytes) -> bytes:
    """Bytes in quotes; escaped are those that end a line or a literal, or that a console takes for itself."""
    escaped = {10: b"\\n", 13: b"\\r", 39: b"\\'", 92: b"\\\\"}
    text = b""
    for byte, after in zip(data, [*data[1:], 0], strict=True):
        if byte <= 5:  # in octal, which is shorter, unless the next byte would be taken for a digit of it
            text += b"\\%03o" % byte if after in b"01234567" else b"\\%o" % byte
        else:
            text += escaped.get(byte) or bytes((byte,))
    return b"b'" + text + b"'"


def _bare(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
            body[:1] = [] if len(body) > 1 else [ast.Pass()]
    return tree
