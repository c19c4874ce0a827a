"""The run that the pictures show: nano at the moment before it writes 12."""
import functools

import numpy as np

import gptoss

QUESTION = ("<|start|>user<|message|>What is 7 + 5?<|end|>"
            "<|start|>assistant<|channel|>analysis<|message|>7+5=")


def softmax(x):
    e = np.exp(x.astype(float) - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


class Run:
    def __init__(self):
        self.model = gptoss.Model()
        self.config = self.model.config
        self.ids = self.model.ids_of(QUESTION)
        self.tokens = [self.shown(id) for id in self.ids]
        self.trace = self.model.trace(self.ids, sites="all")

    @staticmethod
    @functools.cache
    def shared():
        return Run()

    def shown(self, id):
        """A token as a reader sees it: a space is a mark, a control token keeps its bars."""
        return self.model.tokenizer.decode([int(id)]).replace(" ", "␣").replace("\n", "⏎")

    def likeliest(self, stream):
        """(token, probability) that this residual stream would give if no layer followed."""
        p = softmax(self.model.lens(np.ascontiguousarray(stream, np.float32)))[-1]
        return self.shown(p.argmax()), float(p.max())
