"""Types into profanity, in a terminal of its own, and waits for what it shows.

Usage: profanity_client.py JID PASSWORD HOST PORT SCRIPT
SCRIPT: JSON, a list of [what to type, a regular expression for what shows up then]
"""
import json
import os
import re
import sys
import tempfile
import time

import pexpect

jid, password, host, port, script = sys.argv[1:6]

# What moves the cursor and colours the text is no text.
CONTROL = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|[()][A-B0-2]|[=>]|\][^\x07]*\x07)|[\x0e\x0f\r]")

with tempfile.TemporaryDirectory() as home:
    data = os.path.join(home, "data", "profanity")
    os.makedirs(data)
    with open(os.path.join(data, "accounts"), "w") as accounts:
        accounts.write(f"[me]\nenabled=true\njid={jid}\nserver={host}\nport={port}\n"
                       f"password={password}\nresource=profanity\ntls.policy=disable\n")
    env = {**os.environ, "HOME": home, "TERM": "xterm", "LANG": "C.UTF-8",
           "XDG_DATA_HOME": os.path.join(home, "data"),
           "XDG_CONFIG_HOME": os.path.join(home, "config")}
    terminal = pexpect.spawn("profanity", ["-a", "me"], env=env, encoding="utf-8",
                             dimensions=(40, 160), timeout=20)
    shown = ""

    def wait_for(pattern):
        """What is shown, since it was typed last, without what is no text."""
        global shown
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if re.search(pattern, CONTROL.sub("", shown)):
                return
            try:
                shown += terminal.read_nonblocking(4096, timeout=0.1)
            except pexpect.TIMEOUT:
                pass
        sys.exit(f"no {pattern} in:\n{CONTROL.sub('', shown)[-3000:]}")

    try:
        wait_for(r"logged in successfully")
        for typed, pattern in json.loads(script):
            shown = ""
            terminal.send(typed + "\r")
            wait_for(pattern)
        terminal.send("/quit\r")
        terminal.expect(pexpect.EOF)
    finally:
        terminal.close(force=True)
print("ok")
