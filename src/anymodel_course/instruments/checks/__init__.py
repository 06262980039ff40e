"""The checks of the exercises, one file a notebook. In a notebook: `await course.checks.own_agent(agent)`."""

from .best_practices import guard, review
from .litellm_model import any_model, collected_text
from .model_comparison import accuracy, side_by_side, structured, with_local
from .provider_configuration import connect
from .setting_up import closed_pins, mended_env
from .start_here import own_agent, two_cities
from .supported_providers import is_served
from .tools import can_use_tools, parcel_tool, tell_model
from .tracing import discreet, tool_names
from .troubleshooting import stubborn, worth_retrying
from .usage_tracking import bill, cheapest
from .where_next import first_answer

__all__ = [
    "accuracy",
    "any_model",
    "bill",
    "can_use_tools",
    "cheapest",
    "closed_pins",
    "collected_text",
    "connect",
    "discreet",
    "first_answer",
    "guard",
    "is_served",
    "mended_env",
    "own_agent",
    "parcel_tool",
    "review",
    "side_by_side",
    "structured",
    "stubborn",
    "tell_model",
    "tool_names",
    "two_cities",
    "with_local",
    "worth_retrying",
]
