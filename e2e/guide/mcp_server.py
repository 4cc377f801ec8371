"""The guide's `mcp_server.py`, which nobody ships: an MCP server of the standard library alone
that answers every call with the call's own arguments."""

import json
import sys


def result(method, params):
    if method == "initialize":
        return {
            "protocolVersion": params["protocolVersion"],
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "mcp_server.py", "version": "1"},
        }
    if method == "tools/list":
        names = ["read_file", "list_directory", "git_status", "write_file", "exec_command"]
        return {"tools": [{"name": name, "inputSchema": {"type": "object"}} for name in names]}
    if method == "tools/call":
        text = json.dumps(params.get("arguments", {}))
        return {"content": [{"type": "text", "text": text}]}
    return {}


for line in sys.stdin:
    message = json.loads(line)
    if "id" in message and "method" in message:
        answer = {"jsonrpc": "2.0", "id": message["id"]}
        answer["result"] = result(message["method"], message.get("params", {}))
        print(json.dumps(answer), flush=True)
