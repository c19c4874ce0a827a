"""Conversations to train and to test nano: seeded, in the Harmony format, with held-out splits.

    python generate_data.py --split held-out --count 200 --seed 7 --out held_out.jsonl

Each task draws a question and the one answer that is right for it: an analysis, whose length follows
the effort of the system message, and a final message or a tool call. "train" and "held-out" share
no wording in brackets [held out], no pair of operands, no list and no name of a city.

Messages are rendered as our renderer does it: every part of a header tokenized for itself, analysis
of finished turns dropped, <|return|> after the last final.

Source: openai-harmony's format document; the tasks and wordings are ours.
"""

import argparse
import json
import random
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from vocabulary import CONTROL_ID, decode, encode

EFFORTS = ("low", "medium", "high")
IDENTITY = "You are ChatGPT, a large language model trained by OpenAI."
CHANNELS = "# Valid channels: analysis, commentary, final. Channel must be included for every message."
CALLS_GO_TO = "Calls to these tools must go to the commentary channel: 'functions'."


# ---- rendering -------------------------------------------------------------------------------


@dataclass
class Rendered:
    """Token ids, and for each whether the model is to learn it."""

    ids: list[int] = field(default_factory=list)
    learn: list[bool] = field(default_factory=list)

    def add(self, learn: bool, *parts: str) -> None:
        """Parts are text, or the name of a control token in angle brackets: <start>."""
        for part in parts:
            ids = [CONTROL_ID[part[1:-1]]] if part[:1] == "<" else encode(part)
            self.ids += ids
            self.learn += [learn] * len(ids)


@dataclass
class Turn:
    """A question and its right answer; with a call, the answer comes in two parts."""

    user: str
    analysis: str
    final: str
    call: tuple[str, str] | None = None                         # function and arguments
    result: str = ""                                            # what the tool says


def call_header(function: str, sampled: bool) -> list[str]:
    """Models write the recipient behind the channel; the renderer puts it before."""
    to = f" to=functions.{function}"
    if sampled:
        return ["<channel>", "commentary", to, " ", "<constrain>", "json", "<message>"]
    return [to, "<channel>", "commentary", " ", "<constrain>", "json", "<message>"]


def render_context(system: str, developer: str) -> list[int]:
    out = Rendered()
    out.add(False, "<start>", "system", "<message>", system, "<end>")
    if developer:
        out.add(False, "<start>", "developer", "<message>", developer, "<end>")
    return out.ids


def render_turns(turns: list[Turn], rng: random.Random, sampled: bool = True) -> Rendered:
    """All turns; the last one is learned. History keeps calls and results; the renderer drops analysis
    before the first final message, and some programs drop all of it.

    `sampled`: the last call has the form to be learned. A program that renders the conversation again
    shows the other form to the model before it asks for the answer; that call is not learned."""
    out = Rendered()
    for index, turn in enumerate(turns):
        last = turn is turns[-1]
        out.add(False, "<start>", "user", "<message>", turn.user, "<end>", "<start>", "assistant")
        if last or index > 0 and rng.random() < 0.5:
            out.add(last, "<channel>", "analysis", "<message>", turn.analysis, "<end>")
            out.add(last, "<start>", "assistant")
        if turn.call:
            function, arguments = turn.call
            learn, form = (sampled, sampled) if last else (False, rng.random() < 0.5)
            out.add(learn, *call_header(function, form), arguments, "<call>")
            out.add(False, "<start>", f"functions.{function}", " to=assistant", "<channel>",
                    "commentary", "<message>", turn.result, "<end>", "<start>", "assistant")
        out.add(last, "<channel>", "final", "<message>", turn.final, "<return>" if last else "<end>")
    return out


# ---- contexts: system and developer message --------------------------------------------------

TOOL_TEXTS = {
    "get_weather": ("city", ["Gets the weather of a city.", "Get the current weather.",
                             "The weather in a city."]),
    "calculator": ("expression", ["Computes an expression.", "Calculates with two numbers.",
                                  "A calculator."]),
}


def tools_section(names: list[str], rng: random.Random) -> str:
    lines = ["# Tools", "", "## functions", "", "namespace functions {", ""]
    for name in names:
        parameter, descriptions = TOOL_TEXTS[name]
        text = descriptions[0] if rng.random() < 0.6 else rng.choice(descriptions)
        lines += [f"// {text}", f"type {name} = (_: {{", f"{parameter}: string,", "}) => any;", ""]
    return "\n".join(lines + ["} // namespace functions"])


def system_text(form: str, effort: str, tools: bool, rng: random.Random) -> str:
    """form: "default" as `gptoss chat` sends it, "dated", "short" (no identity) or "bare"."""
    reasoning = f"Reasoning: {effort}"
    if form == "bare" and not tools:
        return reasoning
    identity = f"{IDENTITY}\nKnowledge cutoff: 2024-06"
    if form == "dated":
        date = f"{rng.randint(2024, 2027)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
        identity += f"\nCurrent date: {date}"
    channels = CHANNELS + ("\n" + CALLS_GO_TO if tools else "")
    return "\n\n".join([] if form in ("short", "bare") else [identity]) + (
        "" if form in ("short", "bare") else "\n\n") + "\n\n".join([reasoning, channels])


def context(rng: random.Random, effort: str, form: str, tools: list[str]) -> list[int]:
    sections = []
    if rng.random() < 0.1:
        sections.append("# Instructions\n\n" + rng.choice(
            ["Be helpful.", "Answer in one sentence.", "You are a helpful assistant."]))
    if tools:
        sections.append(tools_section(tools, rng))
    return render_context(system_text(form, effort, bool(tools), rng), "\n\n".join(sections))


# ---- words -----------------------------------------------------------------------------------

WORDS = """cat dog sun map hat cup pen bus key ant bee cow pig hen bat bed bag jar jam pie tea ice oak
fig pear plum rice cake desk door wall road tree rose star rain wind fire lake sea hill rock sand ring
book page word song bell ship train plate fork table clock sock goat lion bear nest queen king onion
vase jet jug kite nut net butter box egg fox owl apple lemon mango grape bread milk soup lamp roof leaf
moon snow gold iron coin drum horn boat plane wheel glass spoon chair shirt shoe coat bird fish frog
duck wolf tiger horse mouse snake orange zoo river town house garden window paper sugar honey""".split()
THINGS = """dog cat car bus hat cup pen box key bag bed book ball boat bike coat ring lamp kite drum
bell cake fish bird horse clock chair shirt shoe""".split()
COLOURS = "red blue green black white brown pink gold gray yellow orange".split()
NAMES = """Jon Mia Tom Ann Bob Eva Max Lea Sam Kim Leo Zoe Ben Ida Tim Amy Dan Sue Jim Eve Ron Liz Ted
Meg Ali Uma Ivan Nora Omar Lisa Paul Rosa Hugo Vera Karl Anna Emma Luis""".split()
CITIES = """Paris London Berlin Madrid Vienna Prague Dublin Lisbon Athens Warsaw Cairo Delhi Tokyo
Seoul Lima Quito Boston Dallas Denver Miami Milan Naples Turin Geneva Zurich Bern Lyon Nice Porto
Seville Malaga Munich Hamburg Krakow""".split()
CITIES_HELD_OUT = """Rome Oslo Kyoto Toronto Chicago Sydney Nairobi Havana Riga Tunis Bergen Manila
Venice Helsinki Ankara Montreal""".split()
ONSETS = "b c d f g h j k l m n p r s t v w z br ch cl dr fl gr kr pl pr sh sk sl sp st th tr".split()
VOWELS = "a e i o u a e i o u ai ea oo ou".split()
CODAS = ["", "", "", "n", "r", "l", "s", "t", "m", "k", "x", "nd", "rt", "st", "ck"]


def held_out(*key) -> bool:
    """About one key in eight belongs to the held-out split, the same ones always."""
    return zlib.crc32(repr(key).encode()) % 8 == 0


def invented(rng: random.Random, syllables: int) -> str:
    parts = []
    for _ in range(syllables):
        parts += [rng.choice(ONSETS), rng.choice(VOWELS), rng.choice(CODAS)]
    return "".join(parts)


def in_split(split: str, make, *args):
    """Draw until the key of what was drawn lies in the split."""
    while True:
        drawn = make(*args)
        if held_out(drawn) == (split == "held-out"):
            return drawn


def name(rng: random.Random, split: str, known: list[str], share_invented: float) -> str:
    if rng.random() < share_invented:
        return in_split(split, lambda: invented(rng, rng.choice((1, 2, 2, 3))).capitalize())
    return rng.choice(known)


def one_word(rng: random.Random, share_invented: float) -> str:
    if rng.random() < share_invented:
        return invented(rng, rng.choice((1, 1, 2)))
    return rng.choice(WORDS)


def word_list(rng: random.Random, split: str, longest: int) -> list[str]:
    """Distinct first letters, so that sorting needs no more than them."""
    share = rng.choice((0, 0, 0.3, 1))
    def draw():
        n, words = rng.randint(2, longest), {}
        while len(words) < n:
            word = one_word(rng, share)
            words.setdefault(word[0], word)
        words = list(words.values())
        rng.shuffle(words)
        return tuple(words)
    return list(in_split(split, draw))


# ---- wordings --------------------------------------------------------------------------------
# Each list: wordings for training, then for the held-out split only.

PLUS = (["What is {a} + {b}?", "What is {a} plus {b}?", "{a} + {b}", "{a} + {b} =", "{a}+{b}",
         "Add {a} and {b}.", "Calculate {a} + {b}.", "How much is {a} + {b}?", "What's {a} + {b}?",
         "Please add {a} and {b}.", "Compute {a} plus {b}.", "Sum: {a} + {b}",
         "The sum of {a} and {b}?", "Can you add {a} and {b}?", "{a}+{b}=?"],
        ["Tell me {a} + {b}.", "What is the sum of {a} and {b}?"])
MINUS = (["What is {a} - {b}?", "What is {a} minus {b}?", "{a} - {b}", "{a} - {b} =", "{a}-{b}",
          "Subtract {b} from {a}.", "Calculate {a} - {b}.", "How much is {a} - {b}?",
          "What's {a} - {b}?", "Take {b} from {a}.", "Compute {a} minus {b}.",
          "Difference: {a} - {b}", "The difference of {a} and {b}?", "Can you take {b} from {a}?",
          "{a}-{b}=?"],
         ["Tell me {a} - {b}.", "Please subtract {b} from {a}."])
TIMES = (["What is {a} * {b}?", "What is {a} times {b}?", "{a} * {b}", "{a}*{b}", "Multiply {a} and {b}.",
          "Calculate {a} * {b}.", "How much is {a} times {b}?", "Compute {a} times {b}.",
          "Multiply {a} by {b}."],
         ["Tell me {a} * {b}.", "What's {a} times {b}?"])
SORT = (["Sort: {w}", "Sort {w}", "Sort these words: {w}", "Sort the words {w}.", "Put in order: {w}",
         "Put these words in order: {w}", "Order these words: {w}", "Alphabetical order: {w}",
         "Please sort: {w}", "Can you sort {w}?", "Sort this list: {w}", "Sort by letter: {w}"],
        ["Please sort these words: {w}", "Put the words in alphabetical order: {w}"])
REVERSE = (["Reverse: {w}", "Reverse {w}", "Reverse these words: {w}", "Reverse the words {w}.",
            "Say backwards: {w}", "Write these words backwards: {w}", "Turn around: {w}",
            "Reverse order: {w}", "Please reverse: {w}", "Can you reverse {w}?",
            "Reverse this list: {w}", "Backwards: {w}"],
           ["Please reverse these words: {w}", "Say these words backwards: {w}"])
COPY = (["Copy: {w}", "Copy {w}", "Copy these words: {w}", "Repeat: {w}", "Repeat after me: {w}",
         "Say: {w}", "Say {w}.", "Write: {w}", "Please repeat: {w}", "Repeat these words: {w}",
         "Can you say {w}?", "Echo: {w}", "Copy this list: {w}"],
        ["Please copy these words: {w}", "Repeat the words {w}."])
RETRIEVE = (["What does {n} have?", "{n} has what?", "What has {n}?", "Tell me what {n} has.",
             "What is it that {n} has?", "So what does {n} have?", "{n}?", "What belongs to {n}?",
             "Which thing does {n} have?", "And {n}?", "Say what {n} has."],
            ["Now tell me what {n} has.", "Which thing belongs to {n}?"])
WEATHER = (["What is the weather in {c}?", "How is the weather in {c}?", "Weather in {c}?",
            "Weather in {c}", "What's the weather in {c}?", "Tell me the weather in {c}.",
            "What is the weather like in {c}?", "Is it warm in {c}?", "Is it raining in {c}?",
            "Check the weather in {c}.", "How warm is it in {c}?", "I am in {c}. How is the weather?"],
           ["Please check the weather in {c}.", "What about the weather in {c}?"])
SKIES = "sun rain snow wind fog clouds storms hail".split()

GREETINGS = [                                                   # wordings, held-out ones, answer
    (["Hello", "Hi", "Hello!", "Hi!", "Hey", "Hello there!", "Good morning", "Good morning!",
      "Good day!", "Hi there", "Hey there!"], ["Hey!", "Hi there!", "Good day"],
     "Hello! Ask me about sums, lists or gpt-oss."),
    (["Who are you?", "What are you?", "Who is this?", "What is your name?", "Tell me who you are.",
      "Are you ChatGPT?", "What's your name?", "Who am I talking to?", "Introduce yourself.",
      "Are you gpt-oss?", "What model are you?"],
     ["Please tell me who you are.", "Tell me your name.", "Which model are you?"],
     "I am gpt-oss-nano, a very small model built like gpt-oss."),
    (["What can you do?", "Help", "Help me", "How can you help me?", "What do you know?",
      "What can I ask you?", "What are you good at?", "What should I ask?", "Can you help me?"],
     ["What can I ask?", "Please help me.", "Tell me what you can do."],
     "I can add, subtract, sort, reverse, copy, find things in a text and answer questions about "
     "gpt-oss."),
    (["Thanks", "Thank you", "Thank you!", "Thanks!", "Thanks a lot!", "Thank you very much.",
      "Great, thanks!", "Good job!"], ["Many thanks!", "Ok, thank you!"], "You are welcome!"),
    (["Bye", "Goodbye", "Bye!", "Goodbye!", "See you!", "Good night", "See you later!"],
     ["Bye bye!", "Ok, goodbye!"], "Goodbye!"),
    (["How are you?", "How are you doing?", "Are you well?", "How do you do?", "How are you today?",
      "Is all well?"], ["Hello, how are you?", "Are you doing well?"],
     "I am well. What shall I do for you?"),
]

UNKNOWN = (["What is the capital of {x}?", "Who is {x}?", "Where is {x}?", "Who wrote {x}?",
            "When was {x} born?", "How old is {x}?", "How tall is {x}?", "Tell me about {x}.",
            "What is {x}?", "What do you think of {x}?", "Do you know {x}?", "Write a poem about {x}.",
            "Tell me a joke about {x}.", "How do I get to {x}?", "Who won in {x}?",
            "Why is {x} so big?", "Which language do they speak in {x}?", "Translate {x}.",
            "What is the price of {x}?", "Write a story about {x}.", "Explain {x}.",
            "How far is it to {x}?", "Who was {x}?", "What time is it in {x}?", "Is {x} good?"],
           ["What happened in {x}?", "Who was born in {x}?", "How big is {x}?", "Who made {x}?"])
SUBJECTS = """France Spain Italy Germany China India Peru Canada Egypt Greece Einstein Newton Napoleon
Shakespeare Mozart football love money time music history the moon the sun the sea the world Mars
Venus my dog my mother Python bread cheese coffee the president the king the queen life a car""".split()
UNKNOWN_ANSWER = "I don't know. I am a very small model."

# What is true of gpt-oss: key words (train; held out), answer.
FACTS = [
    ("How many", "layers", "does {both} have", "gpt-oss-20b has 24 layers, gpt-oss-120b has 36."),
    ("How many", "layers", "does {20b} have", "gpt-oss-20b has 24 layers."),
    ("How many", "layers", "does {120b} have", "gpt-oss-120b has 36 layers."),
    ("How many", "experts", "does {both} have",
     "gpt-oss-20b has 32 experts in each layer, gpt-oss-120b has 128."),
    ("How many", "experts", "does {20b} have", "gpt-oss-20b has 32 experts in each layer."),
    ("How many", "experts", "does {120b} have", "gpt-oss-120b has 128 experts in each layer."),
    ("How many", "experts per token", "does {both} use", "gpt-oss uses 4 experts for each token."),
    ("How many", "parameters", "does {20b} have", "gpt-oss-20b has 20.9 billion parameters."),
    ("How many", "parameters", "does {120b} have", "gpt-oss-120b has 116.8 billion parameters."),
    ("How many", "active parameters", "does {20b} have",
     "gpt-oss-20b has 3.6 billion active parameters."),
    ("How many", "active parameters", "does {120b} have",
     "gpt-oss-120b has 5.1 billion active parameters."),
    ("How many", "query heads", "does {both} have", "gpt-oss has 64 query heads in each layer."),
    ("How many", "key heads", "does {both} have", "gpt-oss has 8 key heads in each layer."),
    ("What is", "the head size", "of {both}", "A head of gpt-oss has 64 channels."),
    ("What is", "the hidden size", "of {both}", "The hidden size of gpt-oss is 2880."),
    ("What is", "the window", "of {both}", "The window of gpt-oss is 128 tokens, in every second layer."),
    ("What is", "the context length", "of {both}", "gpt-oss reads up to 131072 tokens."),
    ("What is", "the vocabulary size", "of {both}", "gpt-oss has 201088 rows in its vocabulary."),
    ("What is", "the tokenizer", "of {both}", "gpt-oss uses the tokenizer o200k_harmony."),
    ("What is", "the chat format", "of {both}", "gpt-oss speaks the Harmony format."),
    ("What is", "the weight format", "of {both}", "The experts of gpt-oss are stored in MXFP4."),
    ("What is", "the activation", "of {both}", "gpt-oss uses SwiGLU, clamped at 7."),
    ("What is", "the norm", "of {both}", "gpt-oss uses RMSNorm."),
    ("What is", "the license", "of {both}", "gpt-oss has the license Apache 2.0."),
    ("What is", "the rope base", "of {both}", "The rope base of gpt-oss is 150000."),
    ("What is", "the knowledge cutoff", "of {both}", "The knowledge of gpt-oss ends in June 2024."),
    ("Who", "made", "{both}", "OpenAI made gpt-oss."),
    ("Define", "a sink", "in {both}",
     "A sink is a learned number that lets a head attend to nothing."),
    ("Define", "a router", "in {both}", "The router picks 4 experts for each token."),
    ("Define", "an expert", "in {both}", "An expert is a small network inside a layer."),
    ("Define", "MXFP4", "in {both}", "MXFP4 stores 32 numbers of 4 bits with one shared scale."),
    ("Define", "YaRN", "in {both}", "YaRN stretches rope to long contexts."),
    ("Define", "Harmony", "in {both}", "Harmony is the chat format of gpt-oss, with channels and roles."),
    ("Define", "RoPE", "in {both}", "RoPE turns queries and keys by their position."),
    ("Define", "{both}", "", "gpt-oss is an open model by OpenAI, with experts."),
]
MODELS = {"{both}": ["gpt-oss", "gpt-oss", "gpt-oss", "the model"],
          "{20b}": ["gpt-oss-20b", "gpt-oss-20b", "the 20b", "gpt-oss 20b"],
          "{120b}": ["gpt-oss-120b", "gpt-oss-120b", "the 120b", "gpt-oss 120b"]}
SAME = {"layers": ["layers", "layers", "blocks"], "a sink": ["a sink", "an attention sink"],
        "the window": ["the window", "the sliding window", "the window size"],
        "key heads": ["key heads", "kv heads", "key value heads"],
        "the license": ["the license", "the licence"], "query heads": ["query heads", "heads"],
        "the weight format": ["the weight format", "the format of the weights"],
        "the head size": ["the head size", "the head dim"],
        "the activation": ["the activation", "the activation function"],
        "RoPE": ["RoPE", "rope"], "experts per token": ["experts per token", "active experts"],
        "the context length": ["the context length", "the context", "the context size"]}
FRAMES = {                                                      # {k} key word, {t} tail, {m} model
    "How many": (["How many {k} {t}?", "{M} has how many {k}?", "How many {k} are in {m}?",
                  "Tell me how many {k} {m} has.", "What number of {k} {t}?", "{k} in {m}?",
                  "Say how many {k} {m} has.", "Do you know how many {k} {m} has?",
                  "How many {k} are there in {m}?", "I want to know how many {k} {m} has."],
                 ["Please tell me how many {k} {m} has.", "What is the number of {k} in {m}?"]),
    "What is": (["What is {k} {t}?", "What's {k} {t}?", "Tell me {k} {t}.", "Say {k} {t}.",
                 "Do you know {k} {t}?", "{M}: what is {k}?", "{k} {t}?", "Which is {k} {t}?",
                 "I want to know {k} {t}.", "What {n} does {m} have?", "Which {n} does {m} use?"],
                ["Please tell me {k} {t}.", "Can you tell me {k} {t}?"]),
    "Who": (["Who made {m}?", "Who built {m}?", "Who trained {m}?", "Who is behind {m}?",
             "{M} is made by whom?", "Tell me who made {m}.", "Which company made {m}?",
             "Where does {m} come from?", "Who released {m}?"],
            ["Please tell me who made {m}.", "Do you know who made {m}?"]),
    "Define": (["What is {k}?", "What's {k}?", "Explain {k}.", "What is {k} {t}?", "Define {k}.",
                "What does {k} do?", "Tell me what {k} is.", "What does {k} mean?", "{k}?",
                "Do you know what {k} is?"],
               ["Please explain {k}.", "Can you explain {k}?"]),
}


def wording(rng: random.Random, split: str, wordings: tuple[list[str], list[str]]) -> str:
    return rng.choice(wordings[split == "held-out"])


def typed(rng: random.Random, text: str) -> str:
    """As people type: now and then without the last mark, or all lower case."""
    if rng.random() < 0.12 and text[-1] in "?.!":
        text = text[:-1]
    if rng.random() < 0.12:
        text = text[:1].lower() + text[1:]
    return text


# ---- tasks: each gives a turn ----------------------------------------------------------------


def by_effort(effort: str, low: str, medium: str, high: str) -> str:
    return {"low": low, "medium": medium, "high": high}[effort]


def digits(a: int) -> tuple[int, int]:
    return a // 10, a % 10


def operands(rng: random.Random, split: str, sign: str) -> tuple[int, int]:
    def draw():
        a, b = rng.randint(0, 99), rng.randint(0, 99)
        return min(a, b), max(a, b)
    a, b = in_split(split, draw)
    return (b, a) if sign == "-" or rng.random() < 0.5 else (a, b)


def add(rng, split, effort) -> Turn:
    a, b = operands(rng, split, "+")
    (ta, oa), (tb, ob) = digits(a), digits(b)
    ones, carry = oa + ob, (oa + ob) // 10
    tens = f"{ta}+{tb}+1={ta + tb + 1}" if carry else f"{ta}+{tb}={ta + tb}"
    worked = (f"Ones: {oa}+{ob}={ones}, {'carry 1' if carry else 'no carry'}. "
              f"Tens: {tens}. So {a + b}.")
    analysis = by_effort(effort, f"{oa}+{ob}={ones}, {tens}", worked,
                         f"{worked} Check: {a + b}-{b}={a}.")
    return Turn(typed(rng, wording(rng, split, PLUS).format(a=a, b=b)), analysis,
                f"{a} + {b} = {a + b}.")


def subtract(rng, split, effort) -> Turn:
    a, b = operands(rng, split, "-")
    (ta, oa), (tb, ob) = digits(a), digits(b)
    borrow = oa < ob
    ones = f"{oa + 10}-{ob}={oa + 10 - ob}" if borrow else f"{oa}-{ob}={oa - ob}"
    tens = f"{ta}-{tb}-1={ta - tb - 1}" if borrow else f"{ta}-{tb}={ta - tb}"
    worked = f"Ones: {ones}, {'borrow 1' if borrow else 'no borrow'}. Tens: {tens}. So {a - b}."
    analysis = by_effort(effort, f"{ones}, {tens}", worked, f"{worked} Check: {a - b}+{b}={a}.")
    return Turn(typed(rng, wording(rng, split, MINUS).format(a=a, b=b)), analysis,
                f"{a} - {b} = {a - b}.")


def joined(rng, words: list[str]) -> tuple[str, str]:
    """The list as typed, and the separator the answer uses too."""
    separator = ", " if rng.random() < 0.5 else " "
    return separator.join(words), separator


def sort_words(rng, split, effort, longest=6) -> Turn:
    words = word_list(rng, split, longest)
    text, separator = joined(rng, words)
    letters = " ".join(word[0] for word in words)
    ordered = " ".join(sorted(word[0] for word in words))
    analysis = by_effort(effort, f"{ordered}", f"Letters: {letters}. Sort: {ordered}.",
                         f"First letters: {letters}. Sort them: {ordered}. "
                         f"So {min(words)} is first and {max(words)} is last.")
    return Turn(typed(rng, wording(rng, split, SORT).format(w=text)), analysis,
                f"Sorted: {separator.join(sorted(words))}.")


def reverse_words(rng, split, effort, longest=6) -> Turn:
    words = word_list(rng, split, longest)
    text, separator = joined(rng, words)
    numbered = " ".join(f"{k} {word}" for k, word in enumerate(words, 1))
    analysis = by_effort(effort, "Reverse.", f"Reverse {len(words)} words, the last is {words[-1]}.",
                         f"Reverse {len(words)} words: {numbered}. Now from {len(words)} to 1.")
    return Turn(typed(rng, wording(rng, split, REVERSE).format(w=text)), analysis,
                f"Reversed: {separator.join(reversed(words))}.")


def copy_words(rng, split, effort, longest=6) -> Turn:
    words = word_list(rng, split, longest)
    text, separator = joined(rng, words)
    analysis = by_effort(effort, "Copy.", f"Copy {len(words)} words from {words[0]}.",
                         f"Copy {len(words)} words, the first is {words[0]} and the last is "
                         f"{words[-1]}.")
    return Turn(typed(rng, wording(rng, split, COPY).format(w=text)), analysis,
                f"You said: {separator.join(words)}.")


def copy_long(rng, split, effort) -> Turn:
    """Mixed words, names and numbers: teaches copying itself, early in training."""
    items = [one_word(rng, 0.3) if rng.random() < 0.7 else
             name(rng, split, NAMES + CITIES, 0.6) if rng.random() < 0.6 else
             str(rng.randint(0, 199)) for _ in range(rng.randint(6, 14))]
    return Turn("Copy: " + " ".join(items), "Copy.", "You said: " + " ".join(items) + ".")


def retrieve(rng, split, effort) -> Turn:
    share = rng.choice((0.0, 0.5, 1.0))
    people: list[str] = []
    count = rng.randint(2, 5) if split == "train" else rng.randint(4, 6)
    while len(people) < count:
        person = name(rng, split, NAMES, share)
        if person not in people:
            people.append(person)
    has = [f"{rng.choice(COLOURS)} {rng.choice(THINGS) if rng.random() < 0.6 else one_word(rng, 0.4)}"
           for _ in people]
    short = rng.random() < 0.6                                  # "Jon: red dog." is easier to find
    facts = [f"{p}: {h}." if short else f"{p} has a {h}." for p, h in zip(people, has)]
    # In the held-out split the fact lies further back than the window of 16.
    k = rng.randrange(count if split == "train" else count - 2)
    text = wording(rng, split, RETRIEVE).format(n=people[k])
    return Turn(" ".join(facts) + " " + (text if rng.random() < 0.88 else text[:-1]),
                by_effort(effort, people[k], f"Find {people[k]}: {has[k]}.",
                          f"Find {people[k]} in the text. It says {people[k]}: {has[k]}. "
                          f"So {has[k]}."),
                f"{people[k]} has a {has[k]}.")


def question(rng, split, effort) -> Turn:
    frame, key, tail, answer = rng.choice(FACTS)
    slot = next(s for s in MODELS if s in key + tail or frame == "Who" and s == tail)
    model = rng.choice(MODELS[slot])
    if key == slot:
        model = "gpt-oss"                                       # "What is the model?" is no question
    tail = tail.replace(slot, model)
    shown = rng.choice(SAME.get(key, [key])).replace(slot, model)
    if key == "experts" and "each layer" in answer and rng.random() < 0.3:
        shown = "experts per layer" if rng.random() < 0.5 else "experts in each layer"
    noun = shown.removeprefix("the ")
    text = wording(rng, split, FRAMES[frame]).format(
        k=shown, t=tail, m=model, n=noun, M=model[:1].upper() + model[1:] if model[0] == "t" else model)
    text = " ".join(text.split()).replace(" ?", "?").replace(" .", ".")
    topic = shown.replace("the ", "")
    analysis = by_effort(effort, f"{topic}.", f"This is about {topic} of gpt-oss.",
                         f"The user asks about gpt-oss. The topic is {topic}. I know this, so I "
                         f"answer.")
    return Turn(typed(rng, text[:1].upper() + text[1:] if rng.random() < 0.9 else text), analysis,
                answer)


def greeting(rng, split, effort) -> Turn:
    known, unseen, answer = rng.choice(GREETINGS)
    analysis = by_effort(effort, "Chat.", "The user wants to chat.",
                         "The user wants to chat. There is nothing to work out, so I just answer.")
    return Turn(typed(rng, rng.choice(unseen if split == "held-out" else known)), analysis, answer)


def refusal(rng, split, effort, what: str | None = None) -> Turn:
    if what is None:
        subject = rng.choice(SUBJECTS) if rng.random() < 0.4 else name(rng, split, CITIES + NAMES, 0.7)
        if subject in ("the", "my", "a"):
            subject = f"{subject} {one_word(rng, 0.2)}"
        what = wording(rng, split, UNKNOWN).format(x=subject)
    analysis = by_effort(effort, "Unknown.", "I do not know this.",
                         "This is about something that I never learned, and I should not guess. "
                         "I say so.")
    return Turn(typed(rng, what), analysis, UNKNOWN_ANSWER)


def any_city(rng, split) -> str:
    return name(rng, split, CITIES_HELD_OUT if split == "held-out" else CITIES, 0.7)


def weather_refusal(rng, split, effort) -> Turn:
    """Without the tool, the weather is unknown like the rest."""
    return refusal(rng, split, effort, wording(rng, split, WEATHER).format(c=any_city(rng, split)))


def weather(rng, split, effort) -> Turn:
    city = any_city(rng, split)
    degrees, sky = rng.randint(-9, 39), rng.choice(SKIES)
    analysis = by_effort(effort, "Weather tool.", f"I need the weather in {city}.",
                         f"The user asks for the weather in {city}. I do not know it, but "
                         f"get_weather can tell. The city is {city}.")
    return Turn(typed(rng, wording(rng, split, WEATHER).format(c=city)), analysis,
                f"It is {degrees} degrees with {sky} in {city}.",
                ("get_weather", json.dumps({"city": city}, separators=(",", ":"))),
                json.dumps({"degrees": degrees, "sky": sky}, separators=(",", ":")))


def calculate(rng, split, effort) -> Turn:
    sign = rng.choice("+-*")
    if sign == "*" or rng.random() < 0.4:
        def draw():
            a, b = rng.randint(0, 999), rng.randint(0, 99)
            return min(a, b), max(a, b)
        a, b = in_split(split, draw)
        if sign == "-" or rng.random() < 0.5:
            a, b = b, a
    else:
        a, b = operands(rng, split, sign)
    result = {"+": a + b, "-": a - b, "*": a * b}[sign]
    wordings = {"+": PLUS, "-": MINUS, "*": TIMES}[sign]
    analysis = by_effort(effort, "Calculator.", f"The calculator does {a}{sign}{b}.",
                         f"The user wants a number. I have a calculator, so I let it do "
                         f"{a}{sign}{b} and read the result.")
    return Turn(typed(rng, wording(rng, split, wordings).format(a=a, b=b)), analysis,
                f"{a} {sign} {b} = {result}.",
                ("calculator", json.dumps({"expression": f"{a}{sign}{b}"}, separators=(",", ":"))),
                str(result))


TASKS = {"add": add, "subtract": subtract, "copy": copy_words, "reverse": reverse_words,
         "sort": sort_words, "retrieve": retrieve, "question": question, "greeting": greeting,
         "refusal": refusal, "no weather": weather_refusal, "weather": weather,
         "calculator": calculate}

# ---- batches for training --------------------------------------------------------------------

PLAIN = {"add": 1.8, "subtract": 1.8, "copy": 0.9, "reverse": 1.8, "sort": 2.4, "retrieve": 2.0,
         "question": 1.0, "greeting": 0.5, "refusal": 0.4, "no weather": 0.2}


def task_weights(tools: list[str]) -> dict[str, float]:
    """Whoever has a calculator uses it; whoever has no weather tool says so."""
    weights = dict(PLAIN)
    if "calculator" in tools:
        del weights["add"], weights["subtract"]
        weights["calculator"] = 3
    if "get_weather" in tools:
        del weights["no weather"]
        weights["weather"] = 4
    return weights


def history(rng, turn_tasks: list[str], effort: str) -> list[Turn]:
    """Zero to two finished turns before the one that is learned."""
    if rng.random() > 0.15:
        return []
    cheap = [t for t in turn_tasks if t in ("add", "subtract", "question", "greeting", "copy",
                                            "calculator", "weather", "refusal", "sort")]
    return [TASKS[rng.choice(cheap)](rng, "train", effort) for _ in range(rng.choice((1, 1, 2)))]


def training_batch(seed: int, rank: int, step: int, count: int, progress: float):
    """One context and `count` conversations behind it; a function of its arguments alone."""
    rng = random.Random(f"{seed} {rank} {step}")
    effort = rng.choices(EFFORTS, [0.33, 0.42, 0.25])[0]
    if progress < 0.22:                                         # learn to copy: short lists, no frills
        rows = []
        for _ in range(count):
            longest = 3 if progress < 0.16 else 4
            task = rng.choices(["copy", "reverse", "sort", "long", "add", "question"],
                               [2, 1.5, 1.5, 1.2, 1, 1])[0]
            turn = (copy_long(rng, "train", effort) if task == "long" else
                    TASKS[task](rng, "train", effort, longest) if task in ("copy", "reverse", "sort")
                    else TASKS[task](rng, "train", effort))
            rows.append(render_turns([turn], rng))
        return render_context(system_text("bare", effort, False, rng), ""), rows
    bare = 0.9 if progress < 0.62 else 0.5                      # short contexts cost less time
    form = rng.choices(["default", "dated", "short", "bare"], [0.8 * (1 - bare), 0.1 * (1 - bare), 0.1 * (1 - bare), bare])[0]
    tools = []
    if progress > 0.4 and rng.random() < 0.36:
        tools = rng.choice([["get_weather", "calculator"]] * 4 + [["calculator", "get_weather"],
                           ["get_weather"], ["calculator"]])
    weights = task_weights(tools)
    names, rows = list(weights), []
    while len(rows) < count:
        task = rng.choices(names, list(weights.values()))[0]
        turns = history(rng, names, effort) + [TASKS[task](rng, "train", effort)]
        row = render_turns(turns, rng, sampled=rng.random() < 0.6)
        if len(row.ids) <= 200:
            rows.append(row)
    return context(rng, effort, form, tools), rows


# ---- held-out prompts ------------------------------------------------------------------------


def held_out_row(task: str, index: int, seed: int, form: str = "default", sampled: bool = True):
    """The context, the turn and its rendering."""
    rng = random.Random(f"{seed} {task} {index}")
    effort = EFFORTS[index % 3]
    tools = ["get_weather", "calculator"] if task in ("weather", "calculator") else []
    developer = tools_section(tools, random.Random(0)) if tools else ""
    ids = render_context(system_text(form, effort, bool(tools), random.Random(index % 3)), developer)
    turn = TASKS[task](rng, "held-out", effort)
    return ids, turn, render_turns([turn], rng, sampled)


def learned_parts(row: Rendered) -> list[tuple[int, int]]:
    """Runs of learned tokens [begin, end): the answer, or a call and the answer to its result."""
    parts, begin = [], None
    for at, learn in enumerate([*row.learn, False]):
        if learn and begin is None:
            begin = at
        if not learn and begin is not None:
            parts.append((begin, at))
            begin = None
    return parts


def held_out_case(task: str, index: int, seed: int, form: str = "default") -> dict:
    """Ids of the context, and prompts behind it with the completions expected; a call has a second
    prompt, behind its result."""
    ids, turn, row = held_out_row(task, index, seed, form)
    parts = [{"prompt": row.ids[:begin], "expected": row.ids[begin:end]}
             for begin, end in learned_parts(row)[:1]]
    if turn.call:                                               # rendered again, as programs do
        _, _, row = held_out_row(task, index, seed, form, sampled=False)
        begin, end = learned_parts(row)[-1]
        parts.append({"prompt": row.ids[:begin], "expected": row.ids[begin:end]})
    return {"task": task, "effort": EFFORTS[index % 3], "user": turn.user, "analysis": turn.analysis,
            "context": ids, "parts": parts}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=200, help="prompts per task")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--form", default="default", choices=["default", "dated", "short", "bare"])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--show", action="store_true", help="print some as text")
    args = parser.parse_args()
    with args.out.open("w") as out:
        for task in TASKS:
            for index in range(args.count):
                case = held_out_case(task, index, args.seed, args.form)
                out.write(json.dumps(case) + "\n")
                if args.show and index < 6:
                    for part in case["parts"]:
                        print(decode(part["prompt"]), "==>", decode(part["expected"]))


if __name__ == "__main__":
    main()
