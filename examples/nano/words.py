"""What nano's conversations are made of: words, names, wordings of each question, and facts.

Of the lists of wordings the first is for training and the second for the held-out split only. A third
one joins the first from the third part of training on ("late"), a fourth one in the last ("last").
"""

# ---- words -----------------------------------------------------------------------------------

WORDS = """cat dog sun map hat cup pen bus key ant bee cow pig hen bat bed bag jar jam pie tea ice
oak fig pear plum rice cake desk door wall road tree rose star rain wind fire lake sea
hill rock sand ring book page word song bell ship train plate fork table clock sock goat
lion bear nest queen king onion vase jet jug kite nut net butter box egg fox owl apple
lemon mango grape bread milk soup lamp roof leaf moon snow gold iron coin drum horn boat
plane wheel glass spoon chair shirt shoe coat bird fish frog duck wolf tiger horse mouse
snake orange zoo river town house garden window paper sugar honey""".split()
THINGS = """dog cat car bus hat cup pen box key bag bed book ball boat bike coat ring lamp kite drum
bell cake fish bird horse clock chair shirt shoe""".split()
COLOURS = "red blue green black white brown pink gold gray yellow orange".split()
NAMES = """Jon Mia Tom Ann Bob Eva Max Lea Sam Kim Leo Zoe Ben Ida Tim Amy Dan Sue Jim Eve Ron Liz
Ted Meg Ali Uma Ivan Nora Omar Lisa Paul Rosa Hugo Vera Karl Anna Emma Luis""".split()
CITIES = """Paris London Berlin Madrid Vienna Prague Dublin Lisbon Athens Warsaw Cairo Delhi Tokyo
Seoul Lima Quito Boston Dallas Denver Miami Milan Naples Turin Geneva Zurich Bern Lyon
Nice Porto Seville Malaga Munich Hamburg Krakow""".split()
CITIES_HELD_OUT = """Rome Oslo Kyoto Toronto Chicago Sydney Nairobi Havana Riga Tunis Bergen Manila Venice
Helsinki Ankara Montreal""".split()
ONSETS = "b c d f g h j k l m n p r s t v w z br ch cl dr fl gr kr pl pr sh sk sl sp st th tr".split()
VOWELS = "a e i o u a e i o u ai ea oo ou".split()
CODAS = ["", "", "", "n", "r", "l", "s", "t", "m", "k", "x", "nd", "rt", "st", "ck"]

# ---- wordings --------------------------------------------------------------------------------
PLUS = (["What is {a} + {b}?", "What is {a} plus {b}?", "{a} + {b}", "{a} + {b} =", "{a}+{b}",
         "Add {a} and {b}.", "Calculate {a} + {b}.", "How much is {a} + {b}?", "What's {a} + {b}?",
         "Please add {a} and {b}.", "Compute {a} plus {b}.", "Sum: {a} + {b}",
         "The sum of {a} and {b}?", "Can you add {a} and {b}?", "{a}+{b}=?"],
        ["Tell me {a} + {b}.", "What is the sum of {a} and {b}?"],
        [],
        ["What's the sum of {a} and {b}?", "Say the sum of {a} and {b}.",
         "Give me the sum of {a} and {b}.", "What do {a} and {b} make?",
         "Please tell me {a} + {b}.", "Sum up {a} and {b}.", "Find the sum of {a} and {b}.",
         "Please say the sum of {a} and {b}.", "What is the total of {a} and {b}?",
         "Tell me {a} plus {b}."])
MINUS = (["What is {a} - {b}?", "What is {a} minus {b}?", "{a} - {b}", "{a} - {b} =", "{a}-{b}",
          "Subtract {b} from {a}.", "Calculate {a} - {b}.", "How much is {a} - {b}?",
          "What's {a} - {b}?", "Take {b} from {a}.", "Compute {a} minus {b}.",
          "Difference: {a} - {b}", "The difference of {a} and {b}?", "Can you take {b} from {a}?",
          "{a}-{b}=?"],
         ["Tell me {a} - {b}.", "Please subtract {b} from {a}."],
         [],
         ["Find the difference of {a} and {b}.", "What's the difference of {a} and {b}?",
          "Say {a} minus {b}.", "Please take {b} from {a}.", "Give me {a} - {b}.",
          "Tell me {a} minus {b}.", "What is the difference of {a} and {b}?"])
TIMES = (["What is {a} * {b}?", "What is {a} times {b}?", "{a} * {b}", "{a}*{b}",
          "Multiply {a} and {b}.",
          "Calculate {a} * {b}.", "How much is {a} times {b}?", "Compute {a} times {b}.",
          "Multiply {a} by {b}."],
         ["Tell me {a} * {b}.", "What's {a} times {b}?"])
SORT = (["Sort: {w}", "Sort {w}", "Sort these words: {w}", "Sort the words {w}.",
         "Put in order: {w}", "Put these words in order: {w}", "Order these words: {w}", "Alphabetical order: {w}",
         "Please sort: {w}", "Can you sort {w}?", "Sort this list: {w}", "Sort by letter: {w}"],
        ["Please sort these words: {w}", "Put the words in alphabetical order: {w}"],
        ["Now sort these words: {w}", "Sort the following words: {w}",
         "Put these words in alphabetical order: {w}", "Please put in order: {w}",
         "Please sort the words {w}.", "Could you sort these words: {w}",
         "Sort alphabetically: {w}", "Order the words: {w}", "Put the words in order: {w}",
         "Please order these words: {w}", "Sort the words: {w}", "Alphabetically, please: {w}"])
REVERSE = (["Reverse: {w}", "Reverse {w}", "Reverse these words: {w}", "Reverse the words {w}.",
            "Say backwards: {w}", "Write these words backwards: {w}", "Turn around: {w}",
            "Reverse order: {w}", "Please reverse: {w}", "Can you reverse {w}?",
            "Reverse this list: {w}", "Backwards: {w}"],
           ["Please reverse these words: {w}", "Say these words backwards: {w}"],
           ["Now reverse these words: {w}", "Please reverse the words {w}.",
            "Please turn around: {w}", "Could you reverse these words: {w}",
            "Reverse the following words: {w}", "Say the words backwards: {w}",
            "Please say backwards: {w}", "Please write these words backwards: {w}",
            "Reverse the words: {w}", "Turn these words around: {w}", "Reverse the order: {w}",
            "Put these words in reverse order: {w}"])
COPY = (["Copy: {w}", "Copy {w}", "Copy these words: {w}", "Repeat: {w}", "Repeat after me: {w}",
         "Say: {w}", "Say {w}.", "Write: {w}", "Please repeat: {w}", "Repeat these words: {w}",
         "Can you say {w}?", "Echo: {w}", "Copy this list: {w}"],
        ["Please copy these words: {w}", "Repeat the words {w}."],
        ["Now copy these words: {w}", "Please copy: {w}", "Please copy the words: {w}",
         "Copy the following words: {w}", "Repeat the words: {w}", "Please say these words: {w}",
         "Say these words: {w}", "Copy the words {w}.", "Could you copy these words: {w}",
         "Please repeat these words: {w}", "Write these words: {w}", "Please write the words {w}."])
RETRIEVE = (["What does {n} have?", "{n} has what?", "What has {n}?", "Tell me what {n} has.",
             "What is it that {n} has?", "So what does {n} have?", "{n}?", "What belongs to {n}?",
             "Which thing does {n} have?", "And {n}?", "Say what {n} has."],
            ["Now tell me what {n} has.", "Which thing belongs to {n}?"])
WEATHER = (["What is the weather in {c}?", "How is the weather in {c}?", "Weather in {c}?",
            "Weather in {c}", "What's the weather in {c}?", "Tell me the weather in {c}.",
            "What is the weather like in {c}?", "Is it warm in {c}?", "Is it raining in {c}?",
            "Check the weather in {c}.", "How warm is it in {c}?",
            "I am in {c}. How is the weather?"],
           ["Please check the weather in {c}.", "What about the weather in {c}?"],
           [],
           ["Please tell me the weather in {c}.", "Can you check the weather in {c}?",
            "And the weather in {c}?", "Say how the weather is in {c}.",
            "What weather does {c} have?", "Now check the weather in {c}."])
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
            "What is {x}?", "What do you think of {x}?", "Do you know {x}?",
            "Write a poem about {x}.",
            "Tell me a joke about {x}.", "How do I get to {x}?", "Who won in {x}?",
            "Why is {x} so big?", "Which language do they speak in {x}?", "Translate {x}.",
            "What is the price of {x}?", "Write a story about {x}.", "Explain {x}.",
            "How far is it to {x}?", "Who was {x}?", "What time is it in {x}?", "Is {x} good?"],
           ["What happened in {x}?", "Who was born in {x}?", "How big is {x}?", "Who made {x}?"])
SUBJECTS = """France Spain Italy Germany China India Peru Canada Egypt Greece Einstein Newton Napoleon
Shakespeare Mozart football love money time music history the moon the sun the sea the
world Mars Venus my dog my mother Python bread cheese coffee the president the king the
queen life a car""".split()
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
    ("What is", "the window", "of {both}",
     "The window of gpt-oss is 128 tokens, in every second layer."),
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
    ("Define", "Harmony", "in {both}",
     "Harmony is the chat format of gpt-oss, with channels and roles."),
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
