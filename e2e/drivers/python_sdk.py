"""Drives an MCP server over stdio with the official Python SDK, either series.

usage: python_sdk.py [--auto] STEPS COMMAND        (steps and transcript: transcript.py)

With --auto the SDK (2.x) negotiates the newest revision by itself; without, it does the older
handshake.
"""

import asyncio
import contextlib
import json
import os
import sys
import warnings

from mcp import ClientSession, StdioServerParameters, types
from mcp.client.stdio import stdio_client

from transcript import FORM, ROOT, SAMPLE, Progress, Transcript, plain

try:
    from mcp import Client, MCPError
except ImportError:
    from mcp import McpError as MCPError

# What a client may still send to an older server is marked as deprecated in the second series.
warnings.simplefilter("ignore")


class Answers:
    """Answers what a server may ask of a client, and notes that it did."""

    def __init__(self, transcript):
        self.transcript = transcript

    async def roots(self, _context):
        self.transcript.asked.append({"roots": True})
        return types.ListRootsResult(roots=[types.Root(uri=ROOT, name="project")])

    async def sampling(self, _context, params):
        self.transcript.asked.append({"sampling": plain(params)})
        content = types.TextContent(type="text", text=SAMPLE)
        return types.CreateMessageResult(role="assistant", content=content, model="fixed")

    async def elicitation(self, _context, params):
        self.transcript.asked.append({"elicitation": plain(params)})
        return types.ElicitResult(action="accept", content=FORM)

    async def logging(self, params):
        self.transcript.heard.append(plain(params))

    def callbacks(self):
        return {
            "list_roots_callback": self.roots,
            "sampling_callback": self.sampling,
            "elicitation_callback": self.elicitation,
            "logging_callback": self.logging,
        }


class Steps:
    def __init__(self, session):
        self.session = session

    async def tools(self, _step):
        return await self.session.list_tools()

    async def resources(self, _step):
        return await self.session.list_resources()

    async def templates(self, _step):
        return await self.session.list_resource_templates()

    async def prompts(self, _step):
        return await self.session.list_prompts()

    async def call(self, step):
        progress = Progress()
        more = {"progress_callback": progress.heard} if step.get("progress") else {}
        result = await self.session.call_tool(step["call"], step.get("args", {}), **more)
        return [plain(result), progress]

    async def read(self, step):
        return await self.session.read_resource(step["read"])

    async def prompt(self, step):
        return await self.session.get_prompt(step["prompt"], step.get("args"))

    async def complete(self, step):
        prompt = types.PromptReference(type="ref/prompt", name=step["complete"])
        argument = {"name": step["argument"], "value": step["value"]}
        return await self.session.complete(prompt, argument)

    async def ping(self, _step):
        return await self.session.send_ping()

    async def level(self, step):
        return await self.session.set_logging_level(step["level"])

    async def subscribe(self, step):
        return await self.session.subscribe_resource(step["subscribe"])


@contextlib.asynccontextmanager
async def by_handshake(server, callbacks):
    async with (
        stdio_client(server) as (read, write),
        ClientSession(read, write, **callbacks) as session,
    ):
        yield session, plain(await session.initialize())


@contextlib.asynccontextmanager
async def by_negotiation(server, callbacks):
    async with Client(server, mode="auto", **callbacks) as client:
        yield client, {
            "protocolVersion": client.protocol_version,
            "capabilities": plain(client.server_capabilities),
            "serverInfo": plain(client.server_info),
            "instructions": client.instructions,
        }


async def main():
    args = sys.argv[1:]
    connect = by_handshake
    if args[0] == "--auto":
        args = args[1:]
        connect = by_negotiation
    steps, command = args
    server = StdioServerParameters(command=command, args=[], env=dict(os.environ))
    transcript = Transcript()
    async with connect(server, Answers(transcript).callbacks()) as (session, opened):
        transcript.opened = opened
        await transcript.run(json.loads(steps), Steps(session), (MCPError, RuntimeError))
    transcript.show()


asyncio.run(main())
