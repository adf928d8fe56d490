"""Drives phones by Ansible: makes its inventory from the table, runs the role in `role`, and sums up what came of it."""

import json
import os
import re
import shutil
import subprocess
import tempfile

from . import files
from .table import Wrong

_ROLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "role")


def inventory(devices):
    """The table as Ansible takes it. The items are in each device's file, not among its variables: they hold passwords."""
    hosts = {}
    for device in devices:
        variables = dict(device.variables)
        if "host" in variables:
            variables["ansible_host"] = variables.pop("host")
        hosts[device.mac] = {"phoned_mac": device.mac, **variables}
    return {"phones": {"hosts": hosts}}


def print_inventory(devices):
    """For other playbooks, as a YAML inventory, of which JSON is one."""
    print(json.dumps(inventory(devices), indent=1))
    return 0


def drive(action, devices, options):
    """Pushes to the devices or has them fetch; returns the exit status."""
    if not shutil.which("ansible-playbook"):
        raise Wrong("ansible-playbook is not there: install ansible-core")
    for device in devices:
        if "host" not in device.variables and device.variables.get("ansible_connection") != "local":
            raise Wrong(f"device {device.mac}: no `host`")
    with tempfile.TemporaryDirectory(prefix="provision-") as folder:
        results = os.path.join(folder, "results")
        os.mkdir(results)
        done = _play(action, devices, options, folder, results)
        outcome = _outcome(devices, options, results, _unreached(done.stdout))
    if not outcome:
        raise Wrong(done.stderr.strip() or done.stdout.strip() or "no device fits --limit")
    for mac, result in outcome.items():
        print(f"{mac}  {_words(result)}")
    counts = {state: sum(1 for r in outcome.values() if r["state"] == state) for state in ("changed", "unchanged", "failed")}
    print(", ".join(f"{count} {state}" for state, count in counts.items()) + (" (dry run)" if options.dry_run else ""))
    if options.report:
        with open(options.report, "w", encoding="utf-8") as f:
            json.dump({"action": action, "dry_run": options.dry_run, "devices": outcome}, f, indent=1)
    return 1 if counts["failed"] else 0


def _play(action, devices, options, folder, results):
    items = os.path.join(folder, "files")
    os.mkdir(items, 0o700)
    for device in devices:
        _write(os.path.join(items, device.mac), files.text(device.items))
        _write(os.path.join(items, f"{device.mac}.json"), json.dumps(device.items))
    hosts, book = os.path.join(folder, "inventory.json"), os.path.join(folder, "book.json")
    _write(hosts, json.dumps(inventory(devices)))
    _write(book, json.dumps([{"hosts": "phones", "gather_facts": False, "strategy": "free", "roles": [_ROLE], "vars": {
        "phoned_action": action, "phoned_files": items, "phoned_results": results, "phoned_registered": options.registered}}]))
    argv = ["ansible-playbook", "-i", hosts, "--forks", str(options.parallel), book]
    argv += ["--check"] if options.dry_run else []
    argv += ["--limit", options.limit] if options.limit else []
    environment = {**os.environ, "ANSIBLE_NOCOWS": "1", "ANSIBLE_RETRY_FILES_ENABLED": "0", "ANSIBLE_NOCOLOR": "1",
                   "ANSIBLE_LOCALHOST_WARNING": "0", "ANSIBLE_STDOUT_CALLBACK": "default",
                   "ANSIBLE_CALLBACK_RESULT_FORMAT": "json", "ANSIBLE_TIMEOUT": "20"}
    return subprocess.run(argv, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL)


def _write(path, text):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as f:
        f.write(text)


def _unreached(said):
    """Why devices were not reached, which no task of the role can write down: by Ansible's own words."""
    found = re.findall(r"^fatal: \[([^\]]+)\]: UNREACHABLE! => (\{.*\})$", said, re.MULTILINE)
    return {device: " ".join(json.loads(result).get("msg", "").split()) for device, result in found}


def _outcome(devices, options, results, unreached):
    """What each device came to; one of which nothing is known was not reached, unless it was not meant."""
    outcome = {}
    for device in devices:
        path = os.path.join(results, f"{device.mac}.json")
        if os.path.exists(path):
            with open(path, encoding="utf-8") as f:
                outcome[device.mac] = json.load(f)
        elif device.mac in unreached or not options.limit:
            why = unreached.get(device.mac)
            outcome[device.mac] = {"state": "failed", "reason": f"not reached: {why}" if why else "not reached"}
    return outcome


def _words(result):
    if result["state"] == "failed":
        return f"failed: {result['reason']}"
    return f"{result['state']}: {', '.join(result['items'])}" if result["items"] else result["state"]
