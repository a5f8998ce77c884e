"""A chat user in slixmpp, driven by lines of JSON: one command a line in, one event a line out.

Usage: slixmpp_client.py JID PASSWORD HOST PORT BOT
Commands: {"do": "say", "text"} | {"do": "commands"} | {"do": "open", "node"} |
          {"do": "submit", "node", "values", "session"?} | {"do": "subscribe"}
"""
import asyncio
import json
import sys

import slixmpp
from slixmpp.exceptions import IqError

jid, password, host, port, bot = sys.argv[1:6]


def tell(**event):
    print(json.dumps(event), flush=True)


class Client(slixmpp.ClientXMPP):
    def __init__(self):
        super().__init__(jid, password)
        for plugin in ("xep_0004", "xep_0030", "xep_0050", "xep_0085", "xep_0115", "xep_0184"):
            self.register_plugin(plugin)
        self.contact = bot
        self.add_event_handler("session_start", self.begin)
        self.add_event_handler("message", self.heard)
        self.add_event_handler("presence_available", self.seen)
        self.add_event_handler("chatstate", self.stated)
        self.add_event_handler("receipt_received", lambda m: tell(event="receipt", id=m["receipt"]))

    async def begin(self, _):
        await self.get_roster()
        self.send_presence()
        tell(event="online")
        reader = asyncio.StreamReader()
        await asyncio.get_event_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            try:
                await self.follow(json.loads(line))
            except IqError as error:
                tell(event="error", condition=error.condition, text=error.text)
        self.disconnect()

    async def follow(self, order):
        what = order["do"]
        if what == "say":
            message = self.make_message(mto=bot, mbody=order["text"], mtype="chat")
            message["chat_state"] = "active"
            message["request_receipt"] = True
            message.send()
        elif what == "subscribe":
            self.send_presence_subscription(pto=bot)
        elif what == "commands":
            items = await self["xep_0050"].get_commands(self.contact)
            names = [node for _, node, _ in items["disco_items"]["items"]]
            tell(event="commands", nodes=sorted(names))
        elif what == "open":
            self.show(await self["xep_0050"].send_command(self.contact, order["node"]))
        elif what == "submit":
            form = self["xep_0004"].make_form(ftype="submit")
            for name, value in order["values"].items():
                form.add_field(var=name, value=value)
            session = order.get("session")
            self.show(await self["xep_0050"].send_command(
                self.contact, order["node"], action="complete", payload=form, sessionid=session))

    def show(self, answer):
        command = answer["command"]
        form = command["form"]
        tell(
            event="command",
            status=command["status"],
            session=command["sessionid"],
            notes=[text for _, text in command["notes"]],
            types={name: field["type"] for name, field in form.get_fields().items()},
            values={name: field["value"] for name, field in form.get_fields().items()},
        )

    def heard(self, message):
        if message["body"]:
            tell(event="heard", text=message["body"])

    def stated(self, message):
        tell(event="state", state=message["chat_state"])

    def seen(self, presence):
        if presence["from"].bare == bot:
            self.contact = presence["from"].full
            tell(event="presence", status=presence["status"])


client = Client()
client.connect((host, int(port)), disable_starttls=True)
client.process(forever=False)
