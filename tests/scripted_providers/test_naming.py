"""What is said where a name is unknown."""

from scripted_providers.naming import nearest


def test_the_name_that_was_probably_meant_comes_first() -> None:
    assert nearest("antropic", ["openai", "anthropic"]) == "Did you mean 'anthropic'? There are: openai, anthropic."


def test_it_guesses_only_where_something_is_near() -> None:
    assert nearest("zzz", ["openai"]) == "There are: openai."
