"""Drives an MCP server over stdio with the official Python SDK and prints a transcript.

usage: call.py [--auto] STEPS COMMAND [ARGS...]

STEPS is a JSON list of {"list": true} and {"call": NAME, "args": {...}}. The transcript is a
JSON list: how the session was opened, then for each step {"result": ...} or
{"error": {"code", "message", "data"}}. With --auto the SDK (2.x) negotiates the newest revision
by itself; without, it does the older handshake.
"""

import asyncio
import contextlib
import json
import os
import sys

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

try:
    from mcp import Client, MCPError
except ImportError:
    from mcp import McpError as MCPError


def plain(model):
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)


@contextlib.asynccontextmanager
async def by_handshake(server):
    async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
        opened = plain(await session.initialize())
        yield session, {key: opened[key] for key in ("protocolVersion", "serverInfo")}


@contextlib.asynccontextmanager
async def by_negotiation(server):
    async with Client(server, mode="auto") as client:
        yield client, {"protocolVersion": client.protocol_version}


async def step(session, wanted):
    try:
        if "list" in wanted:
            return {"result": plain(await session.list_tools())}
        return {"result": plain(await session.call_tool(wanted["call"], wanted.get("args", {})))}
    except MCPError as error:
        detail = error.error
        return {"error": {"code": detail.code, "message": detail.message, "data": detail.data}}


async def main():
    args = sys.argv[1:]
    connect = by_handshake
    if args[0] == "--auto":
        args = args[1:]
        connect = by_negotiation
    steps, command, *rest = args
    server = StdioServerParameters(command=command, args=rest, env=dict(os.environ))
    async with connect(server) as (session, opened):
        transcript = [{"opened": opened}]
        for wanted in json.loads(steps):
            transcript.append(await step(session, wanted))
    print(json.dumps(transcript, sort_keys=True))


asyncio.run(main())
