"""Python imports this at its start from wherever PYTHONPATH leads: the guard comes with every process of a test run."""

import refuse_outside

refuse_outside.install()
