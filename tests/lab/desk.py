"""A person at the desk of a booted machine, whatever board or system it is: speaks into its sound card and listens there, and
hangs up when the primary is dead."""

from . import wav
from .phone import hop_name
from .wait import until


class Desk:
    """The desk of `machine`, whose phone is user 1001 of `world`; `far` is the phone of user 1002, who answers at once. All
    waits end after `patience` seconds, which only ends a test that hangs."""

    def __init__(self, machine, world, patience):
        self.machine, self.world, self.patience = machine, world, patience
        self._far_ear = world.file("far-ear.wav")
        self.far = world.phone("1002", audio=f"wav:{wav.tone(world.file('far.wav'), 1000)}:{self._far_ear}", auto_answer=True)
        self.far.registered(timeout=patience)

    def call(self):
        """Calls the far end; returns the call's id once it is active."""
        call = self.machine.json("call", "dial", "1002", timeout=self.patience)["id"]
        until(lambda: self.states() == ["active"], "the call is active", self.patience, 0.2)
        return call

    def call_with_sound(self):
        """Calls the far end; returns the call's id once each side has heard the other's tone, through the machine's ALSA: the
        mouth and the ear are at the other end of snd-aloop, which is its sound card."""
        self.machine.put("/tmp/mouth.wav", open(wav.tone(self.world.file("near.wav"), 440, 1), "rb").read())
        far_end = "-q -t {} -f S16_LE -r 8000 -c 1 -D plughw:Loopback,1,{}"
        self.machine.sh(f"while :; do cat /tmp/mouth.wav; done | aplay {far_end.format('raw', 1)} >/dev/null 2>&1 &")
        self.machine.sh(f"arecord {far_end.format('wav', 0)} /tmp/ear.wav >/dev/null 2>&1 &")
        call = self.call()
        until(lambda: wav.heard(wav.read(self._far_ear)[0], 440) >= 1.5, "440 Hz from the machine's sound card at the far end",
              self.patience, 0.5)
        until(lambda: wav.heard(self._ear(), 1000) >= 1.5, "1000 Hz at the machine's loudspeaker", self.patience, 1)
        return call

    def kill_the_primary_and_hang_up(self, call):
        """The other party must really get the BYE, and by way of the backup, where the line is registered then."""
        machine, world = self.machine, self.world
        world.primary.kill()
        machine.sh(f"phonectl call hangup {call}", timeout=self.patience)
        ended = self.far.call_in("ended", timeout=self.patience)
        assert ended["ended"]["by"] == "remote", ended
        assert any(bye.source.startswith(f"{machine.address}:") for bye in world.backup.requests("BYE")), "the backup took it in"
        assert {bye.src for bye in self.far.capture.sip(method="BYE")} == {world.backup_address}, self.far.capture.ladder()
        backup = hop_name(world.backup_address)

        def line():
            account = machine.account(self.patience)
            return account.get("state"), account.get("hop")
        until(lambda: line() == ("registered", backup), lambda: f"registered at the backup: {line()}", self.patience, 0.3)
        moved = [e for e in machine.json("journal", timeout=self.patience)["entries"] if e["event"] == "failover"]
        assert moved and moved[0]["to"] == backup, moved

    def states(self):
        """The states of the machine's calls that are not over."""
        calls = self.machine.json("call", "list", timeout=self.patience)["calls"]
        return [call["state"] for call in calls if call["state"] != "ended"]

    def _ear(self):
        """What the machine's loudspeaker has played so far."""
        with open(self.world.file("ear.wav"), "wb") as f:
            f.write(self.machine.sh("cat /tmp/ear.wav", check=False))
        return wav.read(self.world.file("ear.wav"))[0]
