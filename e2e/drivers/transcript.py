"""What the Python drivers share: the steps, and the transcript they make.

Every driver is called as: DRIVER STEPS COMMAND. STEPS is a JSON list of one-step objects:

    {"tools": true}  {"resources": true}  {"templates": true}  {"prompts": true}
    {"call": NAME, "args": {...}, "progress": true}
    {"read": URI}  {"prompt": NAME, "args": {...}}
    {"complete": PROMPT, "argument": NAME, "value": TEXT}
    {"ping": true}  {"level": LEVEL}  {"subscribe": URI}
    {"cancel": NAME}  {"listen": NAME}  {"rootsChanged": true}  {"task": NAME}  {"foreign": TASK}

`cancel` calls a tool and cancels once it made progress; `listen` calls one while it listens for
changes of the tool list; `task` calls one as a task and fetches its result; `foreign` asks for a
task of nobody's. Not every driver takes each of these.

The transcript is a JSON object: how the session was `opened`; of each of the `steps` its result or
the error; what the server `asked` of the client; and which log messages were `heard`. The two
last are sorted, since nothing orders them.
"""

import json

ROOT = "file:///srv/project"
SAMPLE = "a sampled answer"
FORM = {"name": "Ada", "check": True}


def plain(value):
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", by_alias=True, exclude_none=True)
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


class Transcript:
    def __init__(self):
        self.opened = {}
        self.steps = []
        self.asked = []
        self.heard = []

    async def run(self, steps, session, errors):
        """Takes every step with `session.NAME(step)`; `errors` are what a server may answer."""
        for step in steps:
            kind = next(key for key in step if hasattr(session, key))
            try:
                outcome = {"result": plain(await getattr(session, kind)(step))}
            except errors as error:
                outcome = {"error": told(error)}
            self.steps.append({kind: step[kind], **outcome})

    def show(self):
        by_text = lambda value: json.dumps(value, sort_keys=True)
        print(
            json.dumps(
                {
                    "opened": self.opened,
                    "steps": self.steps,
                    "asked": sorted(self.asked, key=by_text),
                    "heard": sorted(self.heard, key=by_text),
                }
            )
        )


def told(error):
    detail = getattr(error, "error", None)
    if detail is None:
        return {"kind": type(error).__name__, "text": str(error)}
    return {"code": detail.code, "message": detail.message, "data": detail.data}


class Progress(list):
    async def heard(self, progress, total, message):
        self.append([progress, total, message])
