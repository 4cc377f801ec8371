"""Tries to answer as a person would: answers.py HOW HOME AIPCTL ARGS...

HOW is how far it goes to look like one: `plainly`, in a `terminal` of its own, `loose` from whoever
started it (double fork, setsid, a terminal of its own), or `own`, which is loose and speaks with
the control socket itself. The outcome goes to HOME/outcome.
"""

import json
import os
import pty
import socket
import sys


def aipctl(command, outcome):
    import subprocess

    run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    outcome({"code": run.returncode, "said": run.stdout + run.stderr})


def socketed(home, command, outcome):
    door = socket.socket(socket.AF_UNIX)
    door.connect(os.path.join(home, "run", "control.sock"))
    request = {"op": "answer", "id": command[-1], "allow": True}
    door.sendall(json.dumps(request).encode() + b"\n")
    answer = b""
    while piece := door.recv(65536):
        answer += piece
    code = 0 if b'"end"' in answer else 4
    outcome({"code": code, "said": answer.decode()})


def in_a_terminal(then):
    pid, terminal = pty.fork()
    if pid == 0:
        then()
        os._exit(0)
    try:
        while os.read(terminal, 65536):
            pass
    except OSError:
        pass
    os.waitpid(pid, 0)


def let_loose(then):
    if os.fork():
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    # Taken in by another by now.
    while os.getppid() == os.getsid(0):
        pass
    in_a_terminal(then)
    os._exit(0)


def main():
    how, home, *command = sys.argv[1:]

    def outcome(told):
        path = os.path.join(home, "outcome")
        with open(path + ".new", "w", encoding="utf-8") as file:
            json.dump(told, file)
        os.rename(path + ".new", path)

    run = lambda: aipctl(command, outcome)
    if how == "plainly":
        run()
    elif how == "terminal":
        in_a_terminal(run)
    elif how == "loose":
        let_loose(run)
    elif how == "own":
        let_loose(lambda: socketed(home, command, outcome))
    else:
        raise SystemExit(f"{how}?")


main()
