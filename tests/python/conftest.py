import pytest

import gptoss


@pytest.fixture(scope="session")
def nano():
    return gptoss.Model()


@pytest.fixture(scope="session")
def prompt(nano):
    """What nano is asked in notebook 01: "7+5=" behind the headers of an analysis."""
    return nano.ids_of("<|start|>user<|message|>What is 7 + 5?<|end|>"
                       "<|start|>assistant<|channel|>analysis<|message|>7+5=")
