"""Drives an MCP server over stdio with the official Python SDK, either series.

usage: python_sdk.py [--auto | --revision REVISION] STEPS COMMAND
                                                    (steps and transcript: transcript.py)

With --auto the SDK (2.x) negotiates the newest revision by itself; without, it does the older
handshake, in which the first series can be made to ask for an older revision.
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
        if getattr(params, "mode", "form") == "url":
            return types.ElicitResult(action="accept")
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

    async def cancel(self, step):
        """Cancels a call once it is under way: the first series by hand, the second by itself."""
        progress = asyncio.Event()

        async def began(*_):
            progress.set()

        before = getattr(self.session, "_request_id", None)
        call = asyncio.ensure_future(
            self.session.call_tool(step["cancel"], {}, progress_callback=began)
        )
        await progress.wait()
        if before is None:
            call.cancel()
        else:
            params = types.CancelledNotificationParams(requestId=before)
            cancelled = types.CancelledNotification(
                method="notifications/cancelled", params=params
            )
            await self.session.send_notification(types.ClientNotification(cancelled))
        try:
            return plain(await call)
        except asyncio.CancelledError:
            return "cancelled"

    async def task(self, step):
        tasks = self.session.experimental
        made = (await tasks.call_tool_as_task(step["task"])).task
        result = await tasks.get_task_result(made.taskId, types.CallToolResult)
        listed = await tasks.list_tasks()
        known = [it.taskId == made.taskId for it in listed.tasks]
        return [plain(result), (await tasks.get_task(made.taskId)).status, known]

    async def foreign(self, step):
        return await self.session.experimental.get_task(step["foreign"])

    async def listen(self, step):
        async with self.session.listen(tools_list_changed=True) as stream:
            await self.session.call_tool(step["listen"], {})
            event = await stream.__anext__()
            return [plain(stream.honored), type(event).__name__]

    async def rootsChanged(self, _step):
        return await self.session.send_roots_list_changed()

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
    elif args[0] == "--revision":
        types.LATEST_PROTOCOL_VERSION = args[1]
        args = args[2:]
    steps, command = args
    server = StdioServerParameters(command=command, args=[], env=dict(os.environ))
    transcript = Transcript()
    async with connect(server, Answers(transcript).callbacks()) as (session, opened):
        transcript.opened = opened
        await transcript.run(json.loads(steps), Steps(session), (MCPError, RuntimeError))
    transcript.show()


asyncio.run(main())
