// Guided tours: a question, and steps that each set what is looked at. A step finds its token by
// the text that ends there, among what the model wrote.

const head = (layer, number) => ({do: "head", layer, head: number, factor: 0});

const TOURS = {
    sum: {
        name: "How 7+5 is 12",
        ask: {kind: "chat", question: "What is 7 + 5?", effort: "low"},
        steps: [
            {
                at: "7+5=",
                layer: 0,
                head: 0,
                view: "tokens",
                text: "The model first writes to itself: 7+5=12. We stand at “=”, the token " +
                    "after which 12 comes. Whatever finds the answer happens on the way of " +
                    "this one token through four layers."
            },
            {
                at: "7+5=",
                layer: 0,
                head: 0,
                view: "next",
                text: "After “=” the model is nearly certain: 12. But where does it come " +
                    "from? The stream of “=” holds neither 7 nor 5; both stand further " +
                    "left."
            },
            {
                at: "7+5=",
                layer: 1,
                head: 0,
                view: "lens",
                text: "The logit lens reads the stream before it is finished. After layer 0 " +
                    "it knows nothing. After the experts of layer 1 it says 12 with 0.999, " +
                    "and layers 2 and 3 have nothing to add."
            },
            {
                at: "7+5=",
                layer: 0,
                head: 7,
                view: "attention",
                text: "So the numbers must arrive before that. Head 7 of layer 0 looks from " +
                    "“=” at 5, with 0.990 of its weight."
            },
            {
                at: "7+5=",
                layer: 0,
                head: 11,
                view: "attention",
                text: "And head 11 looks at 7, with 0.961. Two heads, two numbers: attention " +
                    "is the only way from one token to another."
            },
            {
                at: "7+5=",
                layer: 0,
                head: 11,
                view: "next",
                edits: [head(0, 11)],
                text: "That it looks does not prove that anything comes of it. So we switch " +
                    "head 11 off, at this token only. Now the answer is 11: without the 7 " +
                    "the sum is wrong by a little."
            },
            {
                at: "7+5=",
                layer: 0,
                head: 7,
                view: "next",
                edits: [head(0, 7), head(0, 11)],
                text: "Both off: 10. The two heads carry the numbers to “=”."
            },
            {
                at: "7+5=",
                layer: 0,
                head: 3,
                view: "next",
                edits: [head(0, 3), head(0, 13)],
                text: "Any two heads? No: without heads 3 and 13 it is still 12. Look, cut, " +
                    "compare with a control. Try others: choose a head, press x."
            },
        ],
    },
    retrieval: {
        name: "Beyond the window",
        ask: {
            kind: "chat",
            question: "Jon: red dog. Mia: blue car. What does Jon have?",
            effort: "medium"
        },
        steps: [
            {
                at: "Find Jon:",
                layer: 2,
                head: 11,
                view: "tokens",
                text: "Asked what Jon has, the model writes “Find Jon: red dog.” to itself. " +
                    "We stand at the “:” and the next token begins “red”, which was said 39 " +
                    "tokens earlier."
            },
            {
                at: "Find Jon:",
                layer: 2,
                head: 11,
                view: "cache",
                text: "Layers 0 and 2 hold 16 positions, a window. “red” is long written over " +
                    "there: these layers cannot have found it."
            },
            {
                at: "Find Jon:",
                layer: 2,
                head: 11,
                view: "attention",
                text: "In layer 2 everything further left is hidden: the striped part. No " +
                    "head of this layer can look there."
            },
            {
                at: "Find Jon:",
                layer: 3,
                head: 11,
                view: "attention",
                all: true,
                text: "Layer 3 sees everything. Its head 11 looks 39 tokens back, at “re” of " +
                    "“red”, with 0.99 of its weight."
            },
            {
                at: "Find Jon: re",
                layer: 3,
                head: 11,
                view: "attention",
                all: true,
                text: "One token on, it looks one token further along: it copies “red dog” " +
                    "piece by piece."
            },
            {
                at: "Find Jon:",
                layer: 3,
                head: 11,
                view: "lens",
                text: "The lens agrees: after the attention of layer 3 the stream begins to " +
                    "say “re”. Windows are cheap, and every other layer makes up for them."
            },
        ],
    },
    sinks: {
        name: "What sinks are for",
        ask: {kind: "chat", question: "What is 7 + 5?", effort: "low"},
        steps: [
            {
                at: "7+5=",
                layer: 3,
                head: 3,
                view: "heads",
                text: "A softmax gives away all of its weight: a head with nothing to say " +
                    "must still look at something. In gpt-oss each head has a sink, which " +
                    "takes part in the softmax and gives nothing. Orange is what went " +
                    "there."
            },
            {
                at: "7+5=",
                layer: 0,
                head: 5,
                view: "attention",
                text: "The first column is the sink's. Rows that are orange and empty are " +
                    "heads that keep quiet."
            },
            {
                at: "7+",
                layer: 0,
                head: 5,
                view: "next",
                edits: [{do: "sinks_off", layer: 0}],
                text: "Now without: the sinks of layer 0 at −∞, and every head has to spend " +
                    "everything. Weights change only a little, but they change everywhere."
            },
            {
                at: "analysis<|message|>7",
                layer: 0,
                head: 5,
                view: "next",
                edits: [{do: "sinks_off", layer: 0}],
                text: "After 7 the model should write “+”. Without the sinks it takes “−”."
            },
            {
                at: "7+5=",
                layer: 0,
                head: 5,
                view: "changes",
                edits: [{do: "sinks_off", layer: -1}],
                answer: true,
                text: "Off in all layers, it answers anew: 7−5=2. A port that forgets the " +
                    "sinks makes this mistake, and its text still looks fluent."
            },
        ],
    },
};
