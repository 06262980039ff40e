"""The dev container file: no container starts in these tests, but what it names is there."""

import json
import re
from pathlib import Path


def test_the_dev_container_sets_up_with_lab_on_a_python_that_it_takes(root: Path) -> None:
    text = (root / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8")
    container = json.loads(re.sub(r"^ *//.*$", "", text, flags=re.MULTILINE))
    assert container["postCreateCommand"] == "python3 lab.py setup"
    assert container["image"].endswith((":3.11", ":3.12", ":3.13"))
    assert text.startswith("// Untested here")
    assert "(untested here)" in (root / "README.md").read_text(encoding="utf-8").partition("| dev container |")[2][:200]
