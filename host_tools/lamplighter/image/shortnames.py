"""Gives the app's own names others that the chip has in ROM, so that the node keeps none of them on its heap.

MicroPython holds every name that is not in its ROM in a pool: 7 bytes and its letters. Renamed are names of modules of
the app, parameters that nobody passes by keyword, and attributes that only the app's own classes have. Strings and
names that equal one stay, and so does all that stock modules define. A name has one substitute in the whole app, and
another one as an attribute; two names share one where they never meet.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from ..problems import ImageInvalid
from .module_scope import binds, unbound

# In the ROM of every ESP32 MicroPython 1.23 to 1.29. Not here: what MicroPython looks up by itself, in objects
# (send, throw, close, args, value) and in modules (BaseException by `async with`, AssertionError, StopAsyncIteration).
NUMBERED = (  # .mpy version 6 numbers these instead of spelling them: their place in ROM is part of the file format
    "ArithmeticError AttributeError EOFError Ellipsis Exception GeneratorExit ImportError IndentationError IndexError "
    "KeyError KeyboardInterrupt LookupError MemoryError NameError NoneType NotImplementedError OSError OverflowError "
    "RuntimeError StopIteration SyntaxError SystemExit TypeError ValueError ZeroDivisionError abs all any append bool "
    "builtins bytearray bytecode bytes callable chr classmethod clear copy count dict dir divmod endswith eval "
    "exec extend find format from_bytes get getattr globals hasattr hash id index insert int isalpha isdigit "
    "isinstance islower isspace issubclass isupper items iter join key keys len list locals lower lstrip map next "
    "object ord popitem pow print range readinto readline remove replace repr reverse rfind rindex round "
    "rsplit rstrip sep set setattr setdefault sort sorted split startswith staticmethod step stop str strip sum "
    "to_bytes tuple type update upper values zip "
)
SPELT = (  # of builtins, math, set and heapq,
    "acosh asinh atan atan2 atanh ceil copysign cosh degrees erf erfc exp expm1 fabs floor fmod frexp gamma "
    "isfinite isinf isnan ldexp lgamma log10 log2 modf radians sinh sqrt tan tanh trunc bin complex "
    "difference_update discard filter fromkeys frozenset generator heapify heappop heappush imag intersection "
    "intersection_update isdisjoint issubset issuperset iterator oct real reversed rpartition splitlines "
    "symmetric_difference union bound_method closure "
    # of cmath, errno, framebuf, uctypes, re, random, micropython, gc, sys, os, time, json, collections and asyncio
    "phase polar EACCES EADDRINUSE EALREADY EBADF ECONNABORTED ECONNREFUSED ECONNRESET EEXIST EHOSTUNREACH EINVAL "
    "EIO EISDIR ENOBUFS ENOENT ENOMEM ENOTCONN EOPNOTSUPP EPERM FrameBuffer blit ellipse fill fill_rect hline line "
    "pixel poly rect scroll vline GS2_HMSB GS4_HMSB GS8 MONO_HLSB MONO_HMSB MONO_VLSB RGB565 "
    "ARRAY BFINT16 BFINT32 BFINT8 BFUINT16 BFUINT32 BFUINT8 BF_LEN BF_POS BIG_ENDIAN FLOAT32 FLOAT64 INT16 INT32 "
    "INT64 INT8 LITTLE_ENDIAN NATIVE PTR UINT16 UINT32 UINT64 UINT8 VOID addressof bytearray_at bytes_at sizeof "
    "SHORT USHORT INT UINT LONG ULONG LONGLONG ULONGLONG "
    "compile group match search choice getrandbits randint randrange seed uniform "
    "heap_lock heap_unlock kbd_intr mem_info opt_level qstr_info schedule stack_use "
    "isenabled mem_alloc byteorder implementation maxsize modules platform print_exception stderr stdin "
    "version version_info chdir getcwd mkdir rmdir statvfs uname ilistdir localtime mktime time_ns ticks_cpu "
    "dump OrderedDict deque namedtuple appendleft popleft gather run_until_complete run_forever current_task "
    "calcsize b2a_base64 a2b_base64 unhexlify decompress DeflateIO sha1 md5 "
    # and of these, io, select and deflate, what the app seldom calls itself
    "AUTO RAW ZLIB GZIP errorcode ETIMEDOUT EAGAIN EINPROGRESS ENODEV StringIO BytesIO IOBase TextIOWrapper FileIO "
    "POLLHUP POLLERR POLLIN POLLOUT gmtime ticks_add loads dumps load argv threshold unpack_from pack_into ticks_us "
    "sleep_us NotImplemented UnicodeError memoryview enumerate property delattr help input execfile getvalue readlines "
    "isclose pi tau qstr_info mem_free disable CancelledError TimeoutError TaskQueue cur_task separators "
    "end sub ps1 ps2 center indices iterable setter getter deleter nan inf wbits single "
)
ROM = tuple((NUMBERED + SPELT).split())
# what boot.py, main.py, the host, a test at the console or a stock module looks up by its letters
KEEP = {"_io_queue", "_task_queue", "VERSION", "BUILD", "main", "selftest", "adopt", "tend"} | {
    "read_out", "begin_anew", "take_over"
}  # fmt: skip
# Attributes of stock modules' objects, where the app calls one of its own so too: of machine, network, esp32, neopixel
# and select, then of sockets, TLS, asyncio and the builtin types.
_STOCK = (
    "on off value irq init mode pull drive toggle any read readline readinto write flush sendbreak txdone scan "
    "start stop readfrom readfrom_into readfrom_mem readfrom_mem_into writeto writeto_mem writevto deinit feed "
    "timeout_ms datetime now memory freq duty duty_u16 duty_ns read_u16 read_uv atten width block reset "
    "reset_cause unique_id idle lightsleep deepsleep disable_irq enable_irq active connect disconnect status "
    "isconnected config ifconfig ipconfig find info ioctl readblocks writeblocks get_next_update set_boot "
    "mark_app_valid_cancel_rollback get_i32 set_i32 get_blob set_blob erase_key commit fill buf pin n bpp timing "
    "register unregister modify poll ipoll accept bind close listen makefile recv recvfrom send sendall sendto "
    "setblocking setsockopt settimeout cipher getpeercert get_ciphers set_ciphers load_cert_chain "
    "load_verify_locations verify_mode verify_callback wrap_socket set clear is_set wait state acquire release "
    "locked done cancel coro data ph_key push pop remove peek run_forever run_until_complete create_task "
    "call_exception_handler add append client_id copy count decode digest empty encode endswith errno event "
    "extend format get head hexdigest index insert items join key keys line load lock lower machine name offset "
    "open partition publish put random replace rfind rpartition rsplit rstrip seed seek server size sock socket "
    "select sort split splitlines startswith step strip tell ticks_diff ticks_ms time total update upper values "
)
LOCK = {"door", "opened", "wrong", "wait", "hear", "tend", "hold"}  # of lock.py, which is compiled apart from the app
_BORROW = {"once", "core_borrow__once"}  # of core/borrow.py, by itself or joined
STOCK = set(_STOCK.split()) | LOCK


def _keys(tree: ast.Module, stems: set[str]) -> Iterator[tuple[ast.AST, str, str]]:
    """(node, its field, the name): everything in the source that is a name and no string; ".name" for an attribute."""
    modules = _app_modules(tree, stems)
    borrowed = {id(node) for node in _borrowed(tree)}

    def visit(node: ast.AST, bound: set[str] | None) -> Iterator[tuple[ast.AST, str, str]]:
        """bound -- the names so far of the class whose body this is in; None: it is in none."""
        inside, outside = bound, []
        if isinstance(node, ast.ClassDef):
            yield node, "name", ("" if bound is None else ".") + node.name
            for each in [*node.bases, *node.decorator_list]:
                yield from visit(each, bound)
            so_far: set[str] = set()
            for line in node.body:
                yield from visit(line, so_far)
                so_far |= binds(line)
            return
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node, "name", ("" if bound is None else ".") + node.name
            inside, outside = None, [*node.decorator_list, *_defaults(node)]
        elif isinstance(node, ast.Lambda):
            inside, outside = None, _defaults(node)
        elif isinstance(node, ast.Attribute):
            of_module = isinstance(node.value, ast.Name) and node.value.id in modules
            yield node, "attr", node.attr if of_module else "." + node.attr
        elif isinstance(node, ast.Name):
            own = bound is not None and (node.id in bound or isinstance(node.ctx, ast.Store))
            yield node, "id", ("." if own else "") + node.id
        elif isinstance(node, ast.arg):
            yield node, "arg", node.arg
        elif isinstance(node, ast.Constant) and id(node) in borrowed:
            yield node, "value", str(node.value)
        elif isinstance(node, ast.keyword) and node.arg:
            yield node, "arg", "=" + node.arg
        elif isinstance(node, ast.ExceptHandler) and node.name:
            yield node, "name", node.name
        elif isinstance(node, ast.alias):
            yield node, "name", node.name
            if node.asname:
                yield node, "asname", node.asname
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            for name in node.names:
                yield node, "names", name
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.arguments):
                for one in ast.walk(child):
                    if isinstance(one, ast.arg):
                        yield one, "arg", one.arg
            elif not any(child is one for one in outside):
                yield from visit(child, inside)
        for child in outside:
            yield from visit(child, bound)

    yield from visit(tree, None)


def _borrowed(tree: ast.Module) -> Iterator[ast.Constant]:
    """Functions that are named where their module is borrowed: once("link.dial", "connect", ...)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _BORROW:
            yield from (one for one in node.args[1:2] if isinstance(one, ast.Constant))


def _defaults(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> list[ast.expr]:
    return [*node.args.defaults, *(one for one in node.args.kw_defaults if one)]


def _constants(tree: ast.Module) -> set[str]:
    # the compiler puts the value wherever the name stands, also where a function has one like it
    return {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Name) and node.value.func.id == "const"
        for target in node.targets if isinstance(target, ast.Name)
    }  # fmt: skip


def _app_modules(tree: ast.Module, stems: set[str]) -> set[str]:
    # what `from ..core import codec` binds, unless something else in the file has that name too
    bound = {
        alias.asname or alias.name
        for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom)) and _of_app(node, stems)
        for alias in node.names if alias.name in stems
    }  # fmt: skip
    other = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    return bound - other - {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _of_app(node: ast.Import | ast.ImportFrom, stems: set[str]) -> bool:
    if isinstance(node, ast.Import):
        return node.names[0].name in stems
    return bool(node.level) or (node.module or "").split(".")[0] in stems


def _stems(trees: Mapping[str, ast.Module]) -> set[str]:
    return {part.removesuffix(".py") for path in trees for part in path.split("/")}


def _of_us(called: ast.expr, ours: set[str]) -> bool:
    """True for a call of what the app defines, and nobody else."""
    return getattr(called, "id", getattr(called, "attr", None)) in ours


def renamable(trees: Mapping[str, ast.Module], drivers: Collection[str] = ()) -> set[str]:
    """What the app itself names, and nobody else: names of its modules, parameters, and attributes as ".name"."""
    stems = _stems(trees)
    inner: set[str] = set()
    outer = KEEP | stems | set(dir(builtins)) | {"self", "cls"}
    strings: set[str] = set()
    ours = {
        node.name for tree in trees.values() for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
    } - STOCK  # fmt: skip
    for path, tree in trees.items():
        outer |= _constants(tree)
        stock = {
            alias.asname or alias.name
            for node in ast.walk(tree) if isinstance(node, ast.Import) and not _of_app(node, stems)
            for alias in node.names
        }  # fmt: skip
        named = {id(node) for node in _borrowed(tree)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in named:
                strings.add(node.value)
            elif isinstance(node, ast.arg):
                inner.add(node.arg)
            elif isinstance(node, ast.Call) and not _of_us(node.func, ours):
                outer |= {word.arg for word in node.keywords if word.arg}
            elif isinstance(node, (ast.Import, ast.ImportFrom)) and not _of_app(node, stems):
                for alias in node.names:
                    outer.add(alias.name)
                    if alias.asname:
                        inner.add(alias.asname)
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                inner |= {alias.asname or alias.name for alias in node.names}
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                if node in tree.body:
                    inner.add(node.name)
                if node.name == "__init__" and path in drivers:  # options that config.json names
                    outer |= {each.arg for each in ast.walk(node.args) if isinstance(each, ast.arg)}
            elif isinstance(node, ast.ClassDef):
                # people read what failed; shelf.py finds a driver by its file's name
                own = path.rpartition("/")[2] == f"{node.name.lower()}.py"
                kept = node.name.endswith("Fault") or path in drivers and own
                (outer if kept else inner).add(node.name)
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                inner.add("." + node.attr)
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in stock:
                outer.add("." + node.attr)
        for node in tree.body:
            if isinstance(node, ast.Assign):
                inner |= {each.id for each in ast.walk(node) if isinstance(each, ast.Name)
                          and isinstance(each.ctx, ast.Store)}  # fmt: skip
            if isinstance(node, ast.ClassDef):
                inner |= {key for _, field, key in _keys(ast.Module([node], []), stems)
                          if field in ("name", "id") and key[0] == "."}  # fmt: skip
    outer |= {"." + name for name in STOCK | KEEP}
    return {
        name for name in inner - outer
        if name.lstrip(".") not in strings and not name.lstrip(".").startswith("__") and name not in (".", "_")
    }  # fmt: skip


def families(trees: Mapping[str, ast.Module]) -> list[list[ast.ClassDef]]:
    """Classes that inherit from one another, together; every other class alone."""
    found: list[tuple[set[str], list[ast.ClassDef]]] = []
    for tree in trees.values():
        said = {
            alias.asname or alias.name: alias.name
            for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names
        }  # fmt: skip
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                bases = [ast.unparse(base).rpartition(".")[2] for base in node.bases]
                names, row = {node.name, *(said.get(base, base) for base in bases)} - {"Exception"}, [node]
                for one in [each for each in found if each[0] & names]:
                    found.remove(one)
                    names, row = names | one[0], row + one[1]
                found.append((names, row))
    return [row for _, row in found]


def _asked_by(kind: ast.ClassDef) -> set[str]:
    """Names that are looked up while the class is made, as `property` is: an attribute of that name would hide it."""
    found: set[str] = set()
    todo: list[ast.AST] = [*kind.body]
    while todo:
        node = todo.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            todo += [*node.decorator_list, *_defaults(node)]
        elif isinstance(node, ast.Lambda):
            todo += _defaults(node)
        else:
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                found.add(node.id)
            todo += ast.iter_child_nodes(node)
    return found


def groups(trees: Mapping[str, ast.Module]) -> list[set[str]]:
    """Names that meet: no two of a group may become one."""
    stems = _stems(trees)
    found: list[set[str]] = []
    everywhere: set[str] = set()  # attributes of other objects than self: they may belong to a class of any file
    for tree in trees.values():
        units: list[ast.FunctionDef | ast.AsyncFunctionDef] = []
        for node in tree.body:
            inside = node.body if isinstance(node, ast.ClassDef) else [node]
            units += [one for one in inside if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef))]
        apart = {id(each) for unit in units for each in ast.walk(unit) if each is not unit}
        keys = list(_keys(tree, stems))
        own = {key for node, _, key in keys if id(node) not in apart and key[0] not in ".="}
        words = [
            {key for _, field, key in _keys(ast.Module([unit], []), stems) if key[0] not in ".="} - {unit.name}
            for unit in units
        ]
        found += words
        # a name of the module hides a builtin or a stock module's from all its functions
        hidden = set(dir(builtins)) & set().union(set(), *words)
        found.append(own | hidden)
        own_objects = {"self", "cls"} | _app_modules(tree, stems)
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and not (
                isinstance(node.value, ast.Name) and node.value.id in own_objects
            ):
                everywhere.add("." + node.attr)
    for row in families(trees):
        keys = {key for node in row for _, _, key in _keys(ast.Module([node], []), stems) if key[0] == "."}
        found.append(keys | everywhere | set().union(*map(_asked_by, row)))
    found.append(everywhere)
    return found


def choose(trees: Mapping[str, ast.Module], drivers: Collection[str] = ()) -> dict[str, str]:
    """{name: its substitute}, the same for the same sources."""
    wanted = renamable(trees, drivers)
    meeting = groups(trees)
    strings = {n.value for t in trees.values() for n in ast.walk(t) if isinstance(n, ast.Constant) and n.value.__hash__}
    strings -= {module_name(path) for path in trees}  # they mean the module (one_folder.py), and no attribute
    attributes = {key[1:] for group in meeting for key in group if key[0] == "."} - {w[1:] for w in wanted}
    free = {"": [name for name in ROM if name not in strings], ".": []}
    free["."] = [name for name in free[""] if name not in attributes and name not in STOCK]
    of: dict[str, list[int]] = {name: [] for name in wanted}
    for number, group in enumerate(meeting):
        for name in group & wanted:
            of[name].append(number)
    used: list[set[str]] = [{key.lstrip(".") for key in group - wanted} for group in meeting]
    chosen: dict[str, str] = {}
    for name in sorted(wanted, key=lambda name: (-sum(len(meeting[n]) for n in of[name]), name)):
        kind = "." if name[0] == "." else ""
        place = next((p for p in free[kind] if not any(p in used[n] for n in of[name])), None)
        if place is None:
            place = f"_{len(free[kind])}"
            free[kind].append(place)
        chosen[name] = place
        for number in of[name]:
            used[number].add(place)
    return chosen


class Shortened(NamedTuple):
    """texts -- path: source with the substitutes;  places -- {name: its substitute}, ".name" for an attribute;
    names -- module: {substitute: every name that it stands for}
    """

    texts: dict[str, str]
    places: dict[str, str]
    names: dict[str, dict[str, str]]


def shorten(
    sources: Mapping[str, str], substitutes: Mapping[str, str] | None = None, drivers: Collection[str] = ()
) -> Shortened:
    """The same with other names; refused where two would meet. drivers -- the paths whose classes the shelf builds."""
    trees: dict[str, ast.Module] = {}
    for path, text in sources.items():
        try:
            trees[path] = ast.parse(text)
        except SyntaxError as error:
            raise ImageInvalid(f"{path} does not compile: line {error.lineno}: {error.msg}", "Correct it.") from None
    places = dict(choose(trees, drivers) if substitutes is None else substitutes)
    for group in groups(trees):
        _no_two_meet(group, places)
    stems = _stems(trees)
    back: dict[str, dict[str, str]] = {}
    for path, tree in trees.items():
        row: dict[str, set[str]] = {}
        for _, _, key in _keys(tree, stems):
            if key.lstrip("=") in places:
                row.setdefault(places[key.lstrip("=")], set()).add(key.lstrip(".="))
        back[module_name(path)] = {place: " or ".join(sorted(names)) for place, names in sorted(row.items())}
    texts = {path: _renamed(tree, path, places, stems) for path, tree in trees.items()}
    for path, text in texts.items():
        if lost := sorted({*unbound(text)} - {places.get(name, name) for name in unbound(sources[path])}):
            raise ImageInvalid(f"{path}: {lost[0]} is not defined once names are short.", "Name it otherwise.")
    return Shortened(texts, places, back)


def module_name(path: str) -> str:
    """lamppost/link/mqtt/session.py -> lamppost.link.mqtt.session"""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _no_two_meet(names: set[str], places: Mapping[str, str]) -> None:
    met: dict[str, str] = {}
    for name in sorted(names):
        place = places.get(name, name).lstrip(".")
        kind = "." if name[0] == "." else ""
        if met.setdefault(kind + place, name) != name:
            raise ImageInvalid(
                f"{met[kind + place]} and {name} would both be {place} on the node.", "Rename one of them."
            )


def _renamed(tree: ast.Module, path: str, places: Mapping[str, str], stems: set[str]) -> str:
    for node, field, key in list(_keys(tree, stems)):
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            node.names = [places.get(each, each) for each in node.names]
        elif key.lstrip("=") in places:
            setattr(node, field, places[key.lstrip("=")])
    for node in ast.walk(tree):
        # `..core.codec` would be one more name; the node keeps `lamppost.core.payload` anyway
        if isinstance(node, ast.ImportFrom) and node.level and node.module:
            node.module = ".".join([*path.split("/")[: -node.level], node.module])
            node.level = 0
    return ast.unparse(tree)
