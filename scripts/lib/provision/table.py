"""The table of phones: a row each, with its MAC, where it is, and its items. Everything in it is text."""

import csv
import os
import re

# What is not an item: how the phone is found and driven. Other Ansible variables begin with ansible_.
_PLACES = {"host", "phoned_control", "phonectl"}


class Wrong(Exception):
    """The table is not one; says where."""


class Device:
    """One phone: `mac` in twelve lower-case digits, `items` by name, `variables` for Ansible."""

    def __init__(self, mac, items, variables):
        self.mac, self.items, self.variables = mac, items, variables


def read(path):
    """The devices of a table, in its order."""
    form = os.path.splitext(path)[1].lower()
    if form == ".csv":
        rows = _csv(path)
    elif form in (".yaml", ".yml"):
        rows = _yaml(path)
    else:
        raise Wrong(f"{path}: not a table: its name ends in neither .csv, .yaml nor .yml")
    devices, seen = [], {}
    for where, row in rows:
        device = _device(where, row)
        if device.mac in seen:
            raise Wrong(f"{where}: MAC {device.mac} is that of {seen[device.mac]}, too")
        seen[device.mac] = where
        devices.append(device)
    if not devices:
        raise Wrong(f"{path}: no device in it")
    return devices


def _csv(path):
    """Rows with what the row `*` gives to all that leave a cell empty."""
    with open(path, newline="", encoding="utf-8-sig") as f:
        reader = csv.reader(f)
        names = [name.strip() for name in next(reader, [])]
        if len(set(names)) != len(names):
            raise Wrong(f"{path}: a column's name stands twice in the first row")
        defaults, rows = {}, []
        for cells in reader:
            where = f"{path}: row {reader.line_num}"
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) > len(names):
                raise Wrong(f"{where}: more cells than the first row has names")
            row = {name: cell.strip() for name, cell in zip(names, cells) if cell.strip()}
            if row.get("mac") == "*":
                defaults = {name: cell for name, cell in row.items() if name != "mac"}
            else:
                rows.append((where, row))
    return [(where, {**defaults, **row}) for where, row in rows]


def _yaml(path):
    import yaml
    with open(path, encoding="utf-8") as f:
        try:
            # Everything stays text: a number may begin with 0, and 11:22:33:44:55:59 is no number of seconds.
            whole = yaml.load(f, Loader=yaml.BaseLoader)
        except yaml.YAMLError as error:
            raise Wrong(f"{path}: {' '.join(str(error).split())}") from None
    if not isinstance(whole, dict) or not isinstance(whole.get("devices"), list):
        raise Wrong(f"{path}: no list `devices` in it")
    defaults = whole.get("defaults") or {}
    rows = [(f"{path}: device {number}", row) for number, row in enumerate(whole["devices"], 1)]
    for where, row in [(f"{path}: defaults", defaults), *rows]:
        if not isinstance(row, dict) or not all(isinstance(value, str) for value in row.values()):
            raise Wrong(f"{where}: not names with a text each")
    return [(where, {**defaults, **row}) for where, row in rows]


def _device(where, row):
    mac = re.sub(r"[:.\-]", "", row.get("mac", "")).lower()
    if not re.fullmatch(r"[0-9a-f]{12}", mac):
        raise Wrong(f"{where}: `mac` is not a MAC address: {row.get('mac', '') or 'empty'}")
    variables = {name: value for name, value in row.items() if name in _PLACES or name.startswith("ansible_")}
    items = {name: value for name, value in row.items() if name not in variables and name != "mac"}
    for name, value in items.items():
        if not re.fullmatch(r"[A-Za-z][^:=\x00-\x1f]*", name):
            raise Wrong(f"{where}: `{name}` is no item's name")
        if re.search(r"[\x00-\x1f\x7f]", value):
            raise Wrong(f"{where}: `{name}` has a control character in its value")
    return Device(mac, items, variables)
