#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""mk/host.py COMMAND...: run a QEMU whose guest can ask for things of its host.

QEMU's second serial port is its stdin and stdout. A line "parker-host: REQUEST"
there is carried out, and answered by one line; everything else is copied to our
stdout. Requests:

    pause SECONDS    the whole machine stands still for so long, as its clocks go on
    monitor COMMAND  a command of QEMU's monitor; the answer is its output
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time

MARK = b"parker-host: "


class Monitor:
    """QEMU's machine protocol, one command at a time."""

    def __init__(self, path):
        self.path = path
        self.file = None

    def open(self):
        """Connect, and leave the negotiation that each session begins with."""
        peer = socket.socket(socket.AF_UNIX)
        peer.connect(self.path)
        self.file = peer.makefile("rw")
        self.file.readline()
        self.execute("qmp_capabilities")

    def execute(self, name, **arguments):
        """Run a command; what it returns."""
        self.file.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
        self.file.flush()
        while True:
            answer = json.loads(self.file.readline())
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                return "error: " + answer["error"]["desc"]

    def human(self, line):
        """Run a command as a person types it; its output in one line."""
        if not self.file:
            self.open()
        return " ".join(self.execute("human-monitor-command", **{"command-line": line}).split())


def pause(qemu, seconds):
    """Let no thread of QEMU run for a while."""
    qemu.send_signal(signal.SIGSTOP)
    time.sleep(seconds)
    qemu.send_signal(signal.SIGCONT)
    return ""


def carry_out(request, qemu, monitor):
    """The answer to a request, which must not end this program."""
    verb, _, rest = request.partition(" ")
    try:
        if verb == "pause":
            return pause(qemu, float(rest))
        if verb == "monitor":
            return monitor.human(rest)
    except (OSError, ValueError) as problem:
        return f"error: {problem}"
    return f"error: no request {verb}"


def serve(qemu, monitor):
    """Copy what the guest says, but for its requests."""
    for line in qemu.stdout:
        said, mark, request = line.partition(MARK)
        if not mark:
            sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()
            continue
        sys.stdout.buffer.write(said)
        answer = carry_out(request.decode(errors="replace").strip(), qemu, monitor)
        qemu.stdin.write(answer.encode() + b"\n")
        qemu.stdin.flush()


def main():
    """See the top of the file."""
    with tempfile.TemporaryDirectory() as place:
        path = os.path.join(place, "monitor")
        qemu = subprocess.Popen([*sys.argv[1:], "-qmp", f"unix:{path},server=on,wait=off"],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        signal.signal(signal.SIGTERM, lambda *_: (qemu.send_signal(signal.SIGCONT),
                                                  qemu.terminate()))
        try:
            serve(qemu, Monitor(path))
        except BrokenPipeError:
            pass
        return qemu.wait()


sys.exit(main())
