"""The parts of scripts/provision: `table` reads the table, `files` writes phones' files, `serve` serves them, `devices`
drives phones by Ansible, whose role is in `role`."""
