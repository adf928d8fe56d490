"""The main job from start to end, shown step by step: two phones survive the death and the silence of their proxy.

Every line of the timeline is printed only after what it says was seen, on the wire or in a recording; the first that
does not happen ends the demonstration with a non-zero status.
"""

import sys
import time

from . import net, proc, wav
from .capture import select, switch_time
from .wait import TimedOut, until
from .world import World

ALICE, BOB = "1001", "1002"
ALICE_HZ, BOB_HZ = 440, 1000
SAYS = {ALICE: "Hello Bob, this is Alice. Can you hear me now, through the proxy?",
        BOB: "Hello Alice, Bob is speaking. I hear you loud and clear."}
FAILBACK_INTERVAL_S = 5
KEEP_ALIVE_S = 5


class Timeline:
    """Prints steps with the time since the start."""

    def __init__(self):
        self.start = time.monotonic()

    def step(self, text):
        """Something that has really happened."""
        print(f"{time.monotonic() - self.start:8.3f} s  {text}", flush=True)


def microphone(world, user, hz):
    """Speech, then a second of a tone by which the other end's recording can be judged."""
    spoken = wav.read(wav.speech(world.file(f"speech-{user}.wav"), SAYS[user]))[0]
    marker = wav.read(wav.tone(world.file(f"tone-{user}.wav"), hz, 1.0))[0]
    return wav.write(world.file(f"mic-{user}.wav"), (spoken + marker).tobytes())


def start_phone(world, timeline, user, hz, **line):
    """Starts one phone, with these items of its line, and waits for its registration."""
    ear = world.file(f"ear-{user}.wav")
    phone = world.phone(user, audio=f"wav:{microphone(world, user, hz)}:{ear}", auto_answer=True, start=False,
                        line={"Failback_Interval": FAILBACK_INTERVAL_S, **line})
    phone.ear = ear
    began = time.time()
    phone.start()
    phone.settled(world.primary_address)
    answered = phone.capture.wait("200 to REGISTER", status=200, cseq_method="REGISTER")
    asked = phone.capture.sip(method="REGISTER")[0]
    timeline.step(f"phone {user} ({phone.address}) registered at the primary: {ms(answered.t - asked.t)} from its "
                  f"first REGISTER, {ms(answered.t - began)} from the start of the daemon")
    return phone


def ms(seconds):
    """Seconds as milliseconds in words."""
    return f"{1000 * seconds:.1f} ms"


def heard_seconds(path, hz, since):
    """Seconds of tone and of sound in what a recording has gained since `since` samples."""
    samples = wav.read(path)[0][since:]
    return wav.heard(samples, hz), wav.loud(samples)


def verify_audio(timeline, alice, bob, marks):
    """Both recordings must gain the other's tone and, besides it, the other's speech."""
    for listener, hz, talker in ((alice, BOB_HZ, "Bob"), (bob, ALICE_HZ, "Alice")):
        def both():
            tone, loud = heard_seconds(listener.ear, hz, marks[listener])
            return (tone, loud) if tone >= 0.6 and loud - tone >= 1 else None
        tone, loud = until(both, f"{talker}'s voice and tone in the recording of phone {listener.user}", 20, 0.3)
        timeline.step(f"  audio: phone {listener.user} has recorded {talker}: {loud - tone:.1f} s of speech and {tone:.1f} s of {hz} Hz")


def place_call(world, timeline, alice, bob, through, label):
    """Alice calls Bob; the call must be up through the named hop with audio both ways. Returns the call's id."""
    marks = {p: len(wav.read(p.ear)[0]) for p in (alice, bob)}
    began = time.time()
    call = alice.dial(BOB)
    active = alice.call_in("active", call, timeout=12)
    assert active["hop"] == f"udp:{through}:5060", f"the call is up through {active['hop']}"
    packets = alice.capture.packets()
    first = select(packets, method="INVITE", src=alice.address, after=began)[0]
    up = select(packets, status=200, cseq_method="INVITE", after=began)[0]
    assert up.src == through
    timeline.step(f"{label}: up through {through}, {ms(up.t - first.t)} from the first INVITE to 200 OK")
    verify_audio(timeline, alice, bob, marks)
    return call


def hang_up(world, timeline, alice, bob, call, label, through):
    """Alice hangs up; Bob's phone must end its call. Times are read from both captures."""
    began, mark = time.time(), bob.events.mark()
    alice.hangup(call)
    bob.events.wait("call", since=mark, state="ended", timeout=8)
    first = alice.capture.sip(method="BYE", src=alice.address, after=began)[0]
    there = bob.capture.wait("BYE at Bob's phone", method="BYE", dst=bob.address, after=began)
    assert there.src == through, f"BYE came from {there.src}"
    timeline.step(f"{label}: BYE reached phone {BOB} through {through}, {ms(there.t - first.t)} after the first BYE; its call has ended")
    return began


def show_switch(world, timeline, phone, method, after):
    """Reads from the capture how long the primary was waited for."""
    seen = switch_time(phone.capture.packets(), method, world.primary_address, world.backup_address, after)
    assert seen, f"no {method} went from the primary to the backup"
    took, tries = seen
    timeline.step(f"  {method}: {tries} transmission{'s' if tries > 1 else ''} to the dead primary, at the backup after {ms(took)}")


def both_registered(world, timeline, phones, hop, name, timeout=15):
    """Waits until every phone's line is at the named hop."""
    for phone in phones:
        began = time.monotonic()
        phone.registered(hop, timeout=timeout)
        timeline.step(f"phone {phone.user} is registered at the {name} ({hop}); waited {ms(time.monotonic() - began)}")


def play(world, timeline):
    """The whole story."""
    primary, backup = world.primary_address, world.backup_address
    timeline.step(f"two Kamailio proxies are up: primary {primary}, backup {backup}, sharing a location table")
    # Only Bob's phone is to find out by its keep-alive; Alice's would now and then do so before she hangs up.
    alice = start_phone(world, timeline, ALICE, ALICE_HZ)
    bob = start_phone(world, timeline, BOB, BOB_HZ, UDPUpdate_TTL=KEEP_ALIVE_S)
    call = place_call(world, timeline, alice, bob, primary, "first call")

    killed = time.time()
    world.primary.kill()
    timeline.step("the primary is killed (SIGKILL) during the call")
    hang_up(world, timeline, alice, bob, call, "hang-up", backup)
    show_switch(world, timeline, alice, "BYE", killed)
    both_registered(world, timeline, (alice, bob), backup, "backup")
    call = place_call(world, timeline, alice, bob, backup, "next call")
    hang_up(world, timeline, alice, bob, call, "hang-up", backup)

    mark = {phone: phone.events.mark() for phone in (alice, bob)}
    world.primary.start()
    timeline.step(f"the primary is back; the phones probe it every {FAILBACK_INTERVAL_S} s")
    for phone in (alice, bob):
        event = phone.events.wait("failback", since=mark[phone], timeout=30)
        timeline.step(f"phone {phone.user} fell back: {event['from']} -> {event['to']}, cause {event['cause']}")
    both_registered(world, timeline, (alice, bob), primary, "primary")

    world.primary.freeze()
    frozen = time.time()
    timeline.step("the primary is frozen (SIGSTOP): it takes everything and says nothing")
    call = place_call(world, timeline, alice, bob, backup, "call while it is silent")
    show_switch(world, timeline, alice, "INVITE", frozen)
    hang_up(world, timeline, alice, bob, call, "hang-up", backup)
    world.primary.thaw()
    timeline.step("the primary is thawed")
    both_registered(world, timeline, (alice, bob), primary, "primary", timeout=40)


def main():
    """Runs the story; the exit status is 0 only if all of it happened."""
    proc.end_in_order()
    timeline, status = Timeline(), 1
    world = None
    try:
        world = World()
        play(world, timeline)
        status = 0
    except (TimedOut, AssertionError, RuntimeError, OSError) as error:
        print(f"\nFAILED: {error}\n", file=sys.stderr)
        if world:
            print(world.report(), file=sys.stderr)
    finally:
        complaints = world.close() if world else []
        proc.end_all()
        leftovers = [n for n in net.remaining() if n]
    if complaints or leftovers:
        print("\n".join(["FAILED: complaints or leftovers:", *complaints, *leftovers]), file=sys.stderr)
        status = 1
    print("PASSED: every step shown was seen to happen" if status == 0 else "FAILED")
    return status


if __name__ == "__main__":
    sys.exit(main())
