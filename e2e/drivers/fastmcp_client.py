"""Drives an MCP server over stdio with fastmcp's client.

usage: fastmcp_client.py STEPS COMMAND        (steps and transcript: transcript.py)
"""

import asyncio
import json
import os
import sys

import mcp_types as types
from fastmcp import Client
from fastmcp.client.elicitation import ElicitResult
from fastmcp.client.transports import StdioTransport
from mcp import MCPError

from transcript import FORM, ROOT, SAMPLE, Progress, Transcript, plain


class Steps:
    def __init__(self, client):
        self.client = client

    async def tools(self, _step):
        return await self.client.list_tools_mcp()

    async def resources(self, _step):
        return await self.client.list_resources_mcp()

    async def templates(self, _step):
        return await self.client.list_resource_templates_mcp()

    async def prompts(self, _step):
        return await self.client.list_prompts_mcp()

    async def call(self, step):
        progress = Progress()
        more = {"progress_handler": progress.heard} if step.get("progress") else {}
        result = await self.client.call_tool_mcp(step["call"], step.get("args", {}), **more)
        return [plain(result), progress]

    async def read(self, step):
        return await self.client.read_resource_mcp(step["read"])

    async def prompt(self, step):
        return await self.client.get_prompt_mcp(step["prompt"], step.get("args"))

    async def complete(self, step):
        prompt = types.PromptReference(type="ref/prompt", name=step["complete"])
        argument = {"name": step["argument"], "value": step["value"]}
        return await self.client.complete_mcp(prompt, argument)

    async def ping(self, _step):
        return await self.client.ping()

    async def level(self, step):
        return await self.client.set_logging_level(step["level"])

    async def subscribe(self, step):
        return await self.client.session.subscribe_resource(step["subscribe"])


async def main():
    steps, command = sys.argv[1:]
    transcript = Transcript()

    async def sampling(_messages, params, _context):
        transcript.asked.append({"sampling": plain(params)})
        return SAMPLE

    async def elicitation(_message, _kind, params, _context):
        transcript.asked.append({"elicitation": plain(params)})
        return ElicitResult(action="accept", content=FORM)

    async def logging(message):
        transcript.heard.append(plain(message))

    async def roots(_context):
        transcript.asked.append({"roots": True})
        return [ROOT]

    client = Client(
        StdioTransport(command, [], env=dict(os.environ), keep_alive=False),
        roots=roots,
        sampling_handler=sampling,
        elicitation_handler=elicitation,
        log_handler=logging,
    )
    async with client:
        transcript.opened = {
            "protocolVersion": client.protocol_version,
            "capabilities": plain(client.server_capabilities),
            "serverInfo": plain(client.server_info),
            "instructions": client.instructions,
        }
        await transcript.run(json.loads(steps), Steps(client), (MCPError, RuntimeError))
    transcript.show()


asyncio.run(main())
