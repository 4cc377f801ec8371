"""An MCP server over stdio on the official Python SDK, first series: the revisions with a handshake.

Its tools each use one thing a revision has: progress, a cancel, a request to the client, an error
that wants an address visited, a task.
"""

import warnings

import anyio
from mcp import types
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import UrlElicitationRequiredError

# Tasks went out of the protocol's core after revision 2025-11-25.
warnings.simplefilter("ignore")

FORM = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
ANY = {"type": "object"}
# So that a client reads one at a time: one that reads the result along may drop progress.
PAUSE = 0.05

server = Server("server_sdk1", version="1")
server.experimental.enable_tasks()


def text(value):
    return [types.TextContent(type="text", text=value)]


async def revision(session, _token, _args):
    return text(session.client_params.protocolVersion)


async def echo(_session, _token, args):
    return text(args["text"])


async def count(session, token, _args):
    for step in (1, 2, 3):
        await session.send_progress_notification(token, step, 3, "step")
        await anyio.sleep(PAUSE)
    return text("counted")


async def wait(session, token, _args):
    await session.send_progress_notification(token, 1, 2)
    await anyio.sleep_forever()


async def roots(session, _token, _args):
    return text(str((await session.list_roots()).roots[0].uri))


async def sample(session, _token, _args):
    asked = types.SamplingMessage(role="user", content=text("größer?")[0])
    answer = await session.create_message([asked], max_tokens=5)
    return text(answer.content.text)


async def elicit(session, _token, _args):
    answer = await session.elicit("who?", FORM)
    return text(f"{answer.action} {answer.content['name']}")


async def ping(session, _token, _args):
    await session.send_ping()
    return text("pong")


async def visit(_session, _token, _args):
    address = types.ElicitRequestURLParams(
        message="sign in", url="https://example.invalid/in", elicitationId="visit-1"
    )
    raise UrlElicitationRequiredError([address])


async def change(session, _token, _args):
    await session.send_tool_list_changed()
    return text("changed")


TOOLS = {
    it.__name__: it
    for it in (revision, echo, count, wait, roots, sample, elicit, ping, visit, change)
}


@server.list_tools()
async def list_tools():
    tools = [types.Tool(name=name, inputSchema=ANY) for name in TOOLS]
    late = types.ToolExecution(taskSupport="required")
    return [*tools, types.Tool(name="later", inputSchema=ANY, execution=late)]


async def later(context):
    async def work(_task):
        return types.CallToolResult(content=text("done later"))

    return await context.experimental.run_task(work)


@server.call_tool()
async def call_tool(name, args):
    context = server.request_context
    if name == "later":
        return await later(context)
    token = context.meta.progressToken if context.meta else None
    return await TOOLS[name](context.session, token, args)


async def main():
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


anyio.run(main)
