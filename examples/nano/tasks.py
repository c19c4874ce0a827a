"""The tasks of nano: each draws a question and the one answer that is right for it.

The answer is an analysis, whose length follows the effort of the system message, and a final
message or a call. What is drawn for training ("train", then "late", "last" and "names", with more
wordings and names) and for the test ("held-out") shares no wording, no pair of operands, no list, no invented
name and no city of the weather.
"""

import json
import random
import zlib

from render import Turn
from vocabulary import TOKENS
from words import (CITIES, CITIES_HELD_OUT, CODAS, COLOURS, COPY, FACTS, FRAMES, GREETINGS, MINUS,
                   MODELS, NAMES, ONSETS, PLUS, RETRIEVE, REVERSE, SAME, SKIES, SORT, SUBJECTS,
                   THINGS, TIMES, UNKNOWN, UNKNOWN_ANSWER, VOWELS, WEATHER, WORDS)

LETTER_TOKENS = [text for text in (token.decode(errors="replace") for token in TOKENS)
                 if text.isascii() and text.isalpha() and text.islower()]

# ---- draws -----------------------------------------------------------------------------------


def held_out(*key) -> bool:
    """About one key in eight belongs to the held-out split, the same ones always."""
    return zlib.crc32(repr(key).encode()) % 8 == 0


def invented(rng: random.Random, syllables: int) -> str:
    parts = []
    for _ in range(syllables):
        parts += [rng.choice(ONSETS), rng.choice(VOWELS), rng.choice(CODAS)]
    return "".join(parts)


def invented_of_tokens(rng: random.Random) -> str:
    """Any letters that the vocabulary has as a token: "R" and "ome" are none of the syllables."""
    return "".join(rng.choice(LETTER_TOKENS) for _ in range(rng.choice((1, 2, 2, 3))))


def capital_and_token(rng: random.Random) -> str:
    while True:
        drawn = rng.choice("ABCDEFGHIJKLMNOPRSTUVWZ") + rng.choice(LETTER_TOKENS)
        if drawn not in CITIES_HELD_OUT:
            return drawn


def in_split(split: str, make, *args):
    """Draw until the key of what was drawn lies in the split."""
    while True:
        drawn = make(*args)
        if held_out(drawn) == (split == "held-out"):
            return drawn


def name(rng: random.Random, split: str, known: list[str], share_invented: float) -> str:
    if rng.random() < share_invented:
        if split == "names" and rng.random() < 0.5:
            return in_split(split, lambda: capital_and_token(rng))
        if split in ("last", "names") and rng.random() < 0.6:
            return in_split(split, lambda: invented_of_tokens(rng).capitalize())
        return in_split(split, lambda: invented(rng, rng.choice((1, 2, 2))).capitalize())
    return rng.choice(known)


def one_word(rng: random.Random, share_invented: float) -> str:
    if rng.random() < share_invented:
        return invented(rng, rng.choice((1, 1, 2)))
    return rng.choice(WORDS)


def word_list(rng: random.Random, split: str, longest: int) -> list[str]:
    """Distinct first letters, so that sorting needs no more than them."""
    share = rng.choice((0, 0, 0, 0.3, 0.7))
    def draw():
        n, words = rng.randint(2, longest), {}
        while len(words) < n:
            word = one_word(rng, share)
            words.setdefault(word[0], word)
        words = list(words.values())
        rng.shuffle(words)
        return tuple(words)
    return list(in_split(split, draw))


def wording(rng: random.Random, split: str, wordings: tuple[list[str], ...]) -> str:
    lists = {"train": [0], "held-out": [1], "late": [0, 2]}.get(split, [0, 2, 3])
    return rng.choice([w for k in lists if k < len(wordings) for w in wordings[k]])


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
    """The check at high effort shows a second pair; in training that one is not held out either."""
    def draw():
        a, b = rng.randint(0, 99), rng.randint(0, 99)
        return min(a, b), max(a, b)
    while True:
        a, b = in_split(split, draw)
        if sign == "-" or rng.random() < 0.5:
            a, b = b, a
        checked = (b, a + b) if sign == "+" else (min(a - b, b), max(a - b, b))
        if split == "held-out" or not held_out(checked):
            return a, b


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


def sort_words(rng, split, effort, longest=4) -> Turn:
    words = word_list(rng, split, longest)
    text, separator = joined(rng, words)
    letters = " ".join(word[0] for word in words)
    ordered = " ".join(sorted(word[0] for word in words))
    analysis = by_effort(effort, f"{ordered}", f"Letters: {letters}. Sort: {ordered}.",
                         f"First letters: {letters}. Sort them: {ordered}. "
                         f"So {min(words)} is first and {max(words)} is last.")
    return Turn(typed(rng, wording(rng, split, SORT).format(w=text)), analysis,
                f"Sorted: {separator.join(sorted(words))}.")


def reverse_words(rng, split, effort, longest=4) -> Turn:
    words = word_list(rng, split, longest)
    text, separator = joined(rng, words)
    numbered = " ".join(f"{k} {word}" for k, word in enumerate(words, 1))
    analysis = by_effort(effort, "Reverse.", f"Backwards, so {words[-1]} is first.",
                         f"The words: {numbered}. Now all of them backwards, from the last to the "
                         f"first.")
    return Turn(typed(rng, wording(rng, split, REVERSE).format(w=text)), analysis,
                f"Reversed: {separator.join(reversed(words))}.")


def copy_words(rng, split, effort, longest=4) -> Turn:
    words = word_list(rng, split, longest)
    text, separator = joined(rng, words)
    analysis = by_effort(effort, "Copy.", f"Copy, beginning with {words[0]}.",
                         f"Copy the words in the same order: the first is {words[0]} and the last "
                         f"is {words[-1]}.")
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
    count = rng.randint(4, 6) if split == "held-out" else rng.randint(2, 6)
    while len(people) < count:
        person = name(rng, split, NAMES, share)
        if person not in people:
            people.append(person)

    def thing() -> str:
        colour = rng.choice(COLOURS)
        return f"{colour} {rng.choice(THINGS) if rng.random() < 0.6 else one_word(rng, 0.4)}"

    has = [thing() for _ in people]
    short = rng.random() < 0.6                                  # "Jon: red dog." is easier to find
    facts = [f"{p}: {h}." if short else f"{p} has a {h}." for p, h in zip(people, has)]
    # In the held-out split the fact lies further back than the window of 16.
    k = rng.randrange(count - 2 if split == "held-out" else count)
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
        model = "gpt-oss"                                       # "What is the model?" asks nothing
    tail = tail.replace(slot, model)
    shown = rng.choice(SAME.get(key, [key])).replace(slot, model)
    if key == "experts" and "each layer" in answer and rng.random() < 0.3:
        shown = "experts per layer" if rng.random() < 0.5 else "experts in each layer"
    noun = shown.removeprefix("the ")
    at_start = model[:1].upper() + model[1:] if model[0] == "t" else model
    text = wording(rng, split, FRAMES[frame]).format(k=shown, t=tail, m=model, n=noun, M=at_start)
    text = " ".join(text.split()).replace(" ?", "?").replace(" .", ".")
    topic = "maker" if frame == "Who" else key.replace(slot, "it").replace("the ", "")
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
        known = rng.random() < 0.4
        subject = rng.choice(SUBJECTS) if known else name(rng, split, CITIES + NAMES, 0.7)
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
