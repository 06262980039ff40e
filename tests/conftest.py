"""Test modules import LiteLLM, which would fetch its prices while it is imported."""

import os

from scripted_providers.environment import QUIET

os.environ.update({variable.name: variable.value for variable in QUIET})
