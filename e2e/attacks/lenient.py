"""A recording server without an SDK that reads as carelessly as any reader might.

AIP_ATTACK_RECORD names a file that gets a JSON line for everything read and for every tool that
ran; AIP_ATTACK_INSTRUCTIONS are the server's instructions. Tools: `echo`; `hold` answers when
`release` was called with the same key; `emit` writes lines, given in base64, or so many bytes of
garbage to standard output; `define` sets the pages of the tool list; `roots` asks the client for
its roots. A tool of any other name runs too.

Careless: every line is read whole and cut at every line end any language knows; of several
values, or behind what is no JSON, each is taken; over-long UTF-8 is decoded, NUL is dropped; NaN,
comments and half surrogates pass; of doubled keys the last counts, and keys, methods and names
count whatever their case, form or separators; batches in batches, calls without an id or with
any id, without `jsonrpc`, with `result` beside `method`, all run.
"""

import base64
import json
import os
import re
import sys
import unicodedata

RECORD = os.open(os.environ["AIP_ATTACK_RECORD"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
READER = json.JSONDecoder(strict=False, object_pairs_hook=list)
pages = []
held = {}
released = set()
asked = []


def note(**fact):
    os.write(RECORD, (json.dumps(fact) + "\n").encode())


def write(data):
    while data:
        data = data[os.write(1, data) :]


def say(**message):
    write((json.dumps({"jsonrpc": "2.0", **message}) + "\n").encode())


def decode(data):
    """UTF-8 with over-long forms, without what can be left out."""

    def overlong(match):
        point = 0
        for at, byte in enumerate(match.group()):
            point = point << 6 | byte & (0x3F if at else 0x7F >> len(match.group()))
        return chr(point).encode("utf-8", "surrogatepass")

    short = rb"[\xc0\xc1][\x80-\xbf]|\xe0[\x80-\x9f][\x80-\xbf]|\xf0[\x80-\x8f][\x80-\xbf]{2}"
    text = re.sub(short, overlong, data).decode("utf-8", "replace")
    return re.sub(r"/\*.*?\*/", "", text.replace("\ufeff", "").replace("\0", ""))


def fold(text):
    text = unicodedata.normalize("NFKD", text).upper().lower()
    text = unicodedata.normalize("NFKD", text.replace("ı", "i"))
    return "".join(it for it in text if it.isalnum())


def get(pairs, key):
    """The last value under a key that looks like this one."""
    found = [value for name, value in as_pairs(pairs) if fold(name) == key]
    return found[-1] if found else None


def as_pairs(value):
    whole = isinstance(value, list) and all(isinstance(it, tuple) for it in value)
    return value if whole else []


def plain(value):
    """Pairs as an object, arrays as such, and what strict JSON can't say as a text."""
    if isinstance(value, list) and value and isinstance(value[0], tuple):
        return {plain(key): plain(inner) for key, inner in value}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if isinstance(value, float) and value - value != 0:
        return str(value)
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def values(text):
    """Every JSON value that stands anywhere in the text, outermost first."""
    at = 0
    while (start := re.compile(r"[\[{]").search(text, at)) is not None:
        try:
            value, at = READER.raw_decode(text, start.start())
            yield value
        except (ValueError, RecursionError):
            at = start.end()


def messages(value):
    if as_pairs(value):
        yield value
    elif isinstance(value, list):
        for inner in value:
            yield from messages(inner)


def act(message):
    number, method = plain(get(message, "id")), get(message, "method")
    params = get(message, "params")
    if not isinstance(method, str):
        if number is not None and asked and number == asked[-1][0]:
            say(id=asked.pop()[1], result=content(json.dumps(plain(get(message, "result")))))
        return
    wanted = fold(method)
    if wanted == "toolscall":
        by_place = isinstance(params, list) and params and not as_pairs(params)
        name = params[0] if by_place else get(params, "name")
        call(number, str(name), params[1] if by_place and params[1:] else get(params, "arguments"))
    elif wanted == "toolslist":
        at = int(get(params, "cursor") or 0)
        more = {"nextCursor": str(at + 1)} if at + 1 < len(pages) else {}
        say(id=number, result={"tools": pages[at] if at < len(pages) else [], **more})
    elif wanted == "initialize":
        say(id=number, result={
            "protocolVersion": get(params, "protocolversion"),
            "capabilities": {"tools": {"listChanged": True}},
            "serverInfo": {"name": "attacked", "version": "1"},
            "instructions": os.environ.get("AIP_ATTACK_INSTRUCTIONS", ""),
        })
    elif number is not None:
        say(id=number, result={})


def content(text):
    return {"content": [{"type": "text", "text": text}]}


def call(number, name, arguments):
    arguments = plain(arguments) or {}
    note(ran=fold(name), arguments=arguments)
    name = fold(name)
    answer = [(number, content("said" if name == "emit" else json.dumps(arguments)))]
    key = arguments.get("key") if isinstance(arguments, dict) else None
    if name == "hold" and key not in released:
        held.setdefault(key, []).extend(answer)
        return
    if name == "release":
        released.add(key)
        answer += held.pop(key, [])
    elif name == "emit":
        for line in arguments.get("lines", []):
            write(base64.b64decode(line))
        if "garbage" in arguments:
            write(b"g" * arguments["garbage"] + b"\n")
    elif name == "define":
        pages[:] = arguments["pages"]
        say(method="notifications/tools/list_changed")
    elif name == "roots":
        asked.append((0, number))
        say(id=0, method="roots/list")
        return
    for to, result in answer:
        if to is not None:
            say(id=to, result=result)


def main():
    for data in sys.stdin.buffer:
        note(read=base64.b64encode(data).decode())
        text = decode(data)
        for part in dict.fromkeys([text.strip(), *text.splitlines()]):
            for value in values(part):
                for message in messages(value):
                    act(message)


sys.setrecursionlimit(2000)
main()
