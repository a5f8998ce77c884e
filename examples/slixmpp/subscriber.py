"""Prints each result of Heavylift once, as a line of JSON: first what the node still keeps, then whatever comes.

Usage: XMPP_PASSWORD=... subscriber.py JID HOST PORT
Needs slixmpp: Debian's python3-slixmpp, or `pip install slixmpp`.
"""
import json
import os
import sys

import slixmpp

NODE = "heavylift/results"
RESULT = "{urn:heavylift:result:1}result"
JSON = "{urn:xmpp:json:0}json"


class Subscriber(slixmpp.ClientXMPP):
    def __init__(self, jid, password):
        super().__init__(jid, password)
        self.register_plugin("xep_0060")
        self.service = f"pubsub.{self.boundjid.domain}"
        self.seen = set()
        self.add_event_handler("session_start", self.begin)
        self.add_event_handler("pubsub_publish", self.published)

    async def begin(self, _):
        self.send_presence()
        pubsub = self["xep_0060"]
        # Listen first, then read: what comes in between is seen twice, and shown once.
        await pubsub.subscribe(self.service, NODE)
        answer = await pubsub.get_items(self.service, NODE)
        results = [r for item in answer["pubsub"]["items"] for r in item.xml.iter(RESULT)]
        for result in sorted(results, key=lambda r: r.get("finished")):
            self.show(result)

    def published(self, message):
        # Anybody can send a message that looks like an event.
        if message["from"] == self.service:
            for result in message.xml.iter(RESULT):
                self.show(result)

    def show(self, result):
        if result.get("job") in self.seen:  # the first one counts
            return
        self.seen.add(result.get("job"))
        shown = {name: result.get(name) for name in ("job", "number", "kind", "status")}
        value, error = result.find(JSON), result.find(f".//{JSON}")
        if result.get("status") == "succeeded":
            shown["value"] = json.loads(value.text)
        elif result.get("status") == "failed":
            shown["error"] = json.loads(error.text)
        print(json.dumps(shown), flush=True)


jid, host, port = sys.argv[1:]
subscriber = Subscriber(jid, os.environ["XMPP_PASSWORD"])
# Only a server on this machine is talked to without TLS.
subscriber.connect((host, int(port)), disable_starttls=host == "127.0.0.1")
subscriber.process(forever=True)
