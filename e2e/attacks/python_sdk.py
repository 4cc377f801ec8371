"""A recording server on the official Python SDK.

AIP_ATTACK_RECORD names a file that gets a JSON line for everything read, before the SDK sees it,
and for every tool that ran. The tools are those of lenient.py. Standard input is read as the
SDK's own transport reads it; the streams are given to it so that `emit` can write past it.
"""

import base64
import io
import json
import os
import sys

import anyio
import mcp_types as types
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

RECORD = os.open(os.environ["AIP_ATTACK_RECORD"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
pages = []
held = {}


def note(**fact):
    try:
        line = json.dumps(fact, allow_nan=False)
    except ValueError:
        line = json.dumps({**fact, "arguments": str(fact["arguments"])})
    os.write(RECORD, f"{line}\n".encode())


class Noted(io.RawIOBase):
    """Standard input, each piece noted as it is read."""

    def readable(self):
        return True

    def readinto(self, buffer):
        piece = os.read(0, len(buffer))
        if piece:
            note(read=base64.b64encode(piece).decode())
        buffer[: len(piece)] = piece
        return len(piece)


def write(data):
    while data:
        data = data[os.write(1, data) :]


async def run(ctx, name, arguments):
    if name == "hold":
        await held.setdefault(arguments["key"], anyio.Event()).wait()
    elif name == "release":
        held.setdefault(arguments["key"], anyio.Event()).set()
    elif name == "emit":
        for line in arguments.get("lines", []):
            write(base64.b64decode(line))
        if "garbage" in arguments:
            write(b"g" * arguments["garbage"] + b"\n")
        return "said"
    elif name == "define":
        pages[:] = arguments["pages"]
        await ctx.session.send_tool_list_changed()
    elif name == "roots":
        listed = await ctx.session.list_roots()
        return json.dumps([str(root.uri) for root in listed.roots])
    return json.dumps(arguments)


async def call_tool(ctx, params):
    arguments = params.arguments or {}
    note(ran=params.name, arguments=arguments)
    text = await run(ctx, params.name, arguments)
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)])


async def list_tools(ctx, params):
    at = int((params and params.cursor) or 0)
    page = pages[at] if at < len(pages) else []
    more = str(at + 1) if at + 1 < len(pages) else None
    return types.ListToolsResult(tools=[types.Tool(**tool) for tool in page], next_cursor=more)


async def main():
    server = Server(
        "attacked",
        version="1",
        instructions=os.environ.get("AIP_ATTACK_INSTRUCTIONS"),
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )
    lines = io.TextIOWrapper(io.BufferedReader(Noted()), encoding="utf-8", errors="replace")
    words = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8")
    async with stdio_server(anyio.wrap_file(lines), anyio.wrap_file(words)) as (reader, writer):
        await server.run(reader, writer, server.create_initialization_options())


anyio.run(main)
