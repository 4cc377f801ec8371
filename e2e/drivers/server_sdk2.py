"""An MCP server over stdio on the official Python SDK, second series: revision 2026-07-28.

Its tools each use one thing the revision has: progress, a cancel, a request inside a result, a
stream of changes.
"""

import anyio
import mcp_types as types
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, ToolsListChanged

# Opaque, and written in characters that are easily changed on the way.
STATE = 'st\u00e4te "\\ \u2028 \U0001f600 c2VzYW1l ' * 40
FORM = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
ANY = {"type": "object"}
# So that a client reads one at a time: one that reads the result along may drop progress.
PAUSE = 0.05

bus = InMemorySubscriptionBus()


def text(value):
    return types.CallToolResult(content=[types.TextContent(type="text", text=value)])


async def revision(context, _params):
    return text(context.protocol_version)


async def echo(_context, params):
    return text(params.arguments["text"])


async def count(context, _params):
    for step in (1, 2, 3):
        await context.session.report_progress(step, 3, "step")
        await anyio.sleep(PAUSE)
    return text("counted")


async def wait(context, _params):
    await context.session.report_progress(1, 2)
    await anyio.sleep_forever()


async def change(_context, _params):
    await bus.publish(ToolsListChanged())
    return text("changed")


def asking(request, told):
    """A tool that asks this inside a result, and tells what came with the call tried again."""

    async def tool(_context, params):
        if params.input_responses is None:
            return types.InputRequiredResult(
                input_requests={"asked": request}, request_state=STATE
            )
        same = params.request_state == STATE
        return text(f"{told(params.input_responses['asked'])} same={same}")

    return tool


roots = asking(types.ListRootsRequest(), lambda answer: answer.roots[0].uri)
sample = asking(
    types.CreateMessageRequest(
        params=types.CreateMessageRequestParams(
            messages=[
                types.SamplingMessage(
                    role="user", content=types.TextContent(type="text", text="größer?")
                )
            ],
            max_tokens=5,
        )
    ),
    lambda answer: answer.content.text,
)
elicit = asking(
    types.ElicitRequest(
        params=types.ElicitRequestFormParams(message="who?", requested_schema=FORM)
    ),
    lambda answer: f"{answer.action} {answer.content['name']}",
)
visit = asking(
    types.ElicitRequest(
        params=types.ElicitRequestURLParams(
            message="sign in", url="https://example.invalid/in", elicitation_id="visit-1"
        )
    ),
    lambda answer: answer.action,
)

TOOLS = {
    "revision": revision,
    "echo": echo,
    "count": count,
    "wait": wait,
    "change": change,
    "roots": roots,
    "sample": sample,
    "elicit": elicit,
    "visit": visit,
}


async def list_tools(_context, _params):
    return types.ListToolsResult(
        tools=[types.Tool(name=name, input_schema=ANY) for name in TOOLS]
    )


async def call_tool(context, params):
    return await TOOLS[params.name](context, params)


server = Server(
    "server_sdk2",
    version="1",
    on_list_tools=list_tools,
    on_call_tool=call_tool,
    on_subscriptions_listen=ListenHandler(bus),
)


async def main():
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


anyio.run(main)
