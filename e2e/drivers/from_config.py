"""Starts a server as an AI client would: out of its configuration, with the official Python SDK.

usage: from_config.py FORMAT FILE PATH [TOOL ARGS]        (FORMAT: json, jsonc, toml, yaml)

PATH is a JSON list of the members that lead to the server; in a list of servers a name stands for
the one that has it. What the server lists, and what it answers to one call (`list_notes`, or TOOL with
the JSON object ARGS), is printed as JSON.
"""

import asyncio
import json
import os
import re
import sys
import tomllib

import yaml
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/|,(?=\s*(?:(?://[^\n]*|/\*.*?\*/)\s*)*[}\]])', re.S)


def without_comments(text):
    return TOKEN.sub(lambda it: it[0] if it[0].startswith('"') else "", text)


READ = {
    "json": json.loads,
    "jsonc": lambda text: json.loads(without_comments(text)),
    "toml": tomllib.loads,
    "yaml": yaml.safe_load,
}


def entry(config, path):
    for step in path:
        if isinstance(config, list):
            config = next(it for it in config if it["name"] == step)
        else:
            config = config[step]
    return config


def expanded(value):
    return re.sub(r"\$\{env:(\w+)\}", lambda it: os.environ[it[1]], str(value))


def environment(server):
    return server.get("env") or server.get("envs") or server.get("environment") or {}


def command_line(server):
    command = server.get("command", server.get("cmd"))
    if isinstance(command, list):
        return command
    return [command, *(server.get("args") or [])]


async def main():
    kind, file, path, *call = sys.argv[1:]
    tool, arguments = call or ("list_notes", "{}")
    with open(file, encoding="utf-8", newline="") as config:
        server = entry(READ[kind](config.read()), json.loads(path))
    command, *args = [expanded(it) for it in command_line(server)]
    env = {name: expanded(it) for name, it in environment(server).items()}
    parameters = StdioServerParameters(command=command, args=args, env={**os.environ, **env})
    async with stdio_client(parameters) as (read, write), ClientSession(read, write) as session:
        await session.initialize()
        tools = await session.list_tools()
        called = await session.call_tool(tool, json.loads(arguments))
    print(
        json.dumps(
            {
                "tools": sorted(it.name for it in tools.tools),
                "failed": bool(getattr(called, "is_error", getattr(called, "isError", None))),
                "text": called.content[0].text,
            }
        )
    )


asyncio.run(main())
