"""A client on the Python SDK, second series, in revision 2026-07-28, that makes one call. Its person
answers aip's questions the same way, and fills in a form of the server's.

usage: asked2.py ANSWER FILE TOOL ARGUMENTS COMMAND ARGS...        (all of it: asked2.mjs)
"""

import asyncio
import json
import os
import sys

from mcp import Client, MCPError, StdioServerParameters, types

from transcript import FORM, plain

answer, file, name, arguments, command, *args = sys.argv[1:]
asked = []


async def elicitation(_context, params):
    asked.append(plain(params))
    if "answer" not in params.requested_schema["properties"]:
        return types.ElicitResult(action="accept", content=FORM)
    while file != "-" and not os.path.exists(file):
        await asyncio.sleep(0.02)
    if answer in ("decline", "cancel"):
        return types.ElicitResult(action=answer)
    return types.ElicitResult(action="accept", content={"answer": answer})


async def main():
    server = StdioServerParameters(command=command, args=args, env=dict(os.environ))
    async with Client(server, mode="auto", elicitation_callback=elicitation) as client:
        try:
            outcome = {"result": plain(await client.call_tool(name, json.loads(arguments)))}
        except MCPError as error:
            outcome = {"error": {"code": error.error.code, "message": error.error.message}}
    print(json.dumps({**outcome, "asked": asked}))


asyncio.run(main())
