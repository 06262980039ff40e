"""Python imports this at its start from wherever PYTHONPATH leads: it comes with every process of a test run."""

import atexit
import gc

import refuse_outside

refuse_outside.install()

# Most of these processes import the SDK and LiteLLM, make a few calls and end. Looking for garbage among a million
# objects that stay, over and over and once more at the end, would be a third of their time.
gc.set_threshold(100_000, 50, 100)
atexit.register(gc.freeze)
