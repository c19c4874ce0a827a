// The live source: the library in a worker. One run as trained, one with the changes, over the same
// tokens.

const live = {
    worker: null,
    n: 0,
    waiting: new Map(),
    busy: 0,
    answering: 0
};

function isBusy() { return live.busy > 0; }

// Busy from its first line to its last, also while it waits for no worker.
async function busily(work) {
    ++live.busy;
    try {
        return await work();
    } finally {
        --live.busy;
        redraw();
    }
}

// ask("run", {request}) -> what the worker answers; onToken hears the tokens of an answer.
function ask(task, values = {}, onToken = null) {
    const n = ++live.n;
    return busily(() => new Promise((resolve, reject) => {
                      live.waiting.set(n, {resolve, reject, onToken});
                      live.worker.postMessage({n, do: task, ...values});
                  }));
}

function hear({data}) {
    const asker = live.waiting.get(data.n);
    if (!asker) return;
    if (data.token) {
        asker.onToken?.(data.token);
        return;
    }
    live.waiting.delete(data.n);
    if (data.error)
        asker.reject(new Error(data.error));
    else
        asker.resolve(data.result);
}

async function unpacked(id) {
    const text = byId(id).textContent, binary = atob(text), bytes = new Uint8Array(binary.length);
    for (let i = 0; i < binary.length; ++i)
        bytes[i] = binary.charCodeAt(i);
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    byId(id).remove();
    return new Uint8Array(await new Response(stream).arrayBuffer());
}

// "config.json 1286 model.safetensors 1965664\n", then the bytes.
function filesOf(pack) {
    const end = pack.indexOf(10),
          words = new TextDecoder().decode(pack.subarray(0, end)).split(" "), files = {};
    let at = end + 1;
    for (let i = 0; i < words.length; i += 2) {
        files[words[i]] = pack.slice(at, at + Number(words[i + 1]));
        at += Number(words[i + 1]);
    }
    return files;
}

async function startLive() {
    if (typeof WebAssembly !== "object" || typeof DecompressionStream !== "function")
        throw new Error("This browser has no WebAssembly or cannot unpack gzip; a newer one can.");
    const [code, wasm, model] =
        await Promise.all([unpacked("worker"), unpacked("wasm"), unpacked("model")]);
    if (!WebAssembly.validate(wasm))
        throw new Error(
            "This browser's WebAssembly lacks exceptions or SIMD, which the library " +
            "needs: Chrome 95, Firefox 100, Safari 16.4 or later have them.");
    const url = URL.createObjectURL(new Blob([code], {type: "text/javascript"}));
    live.worker = new Worker(url);
    live.worker.onmessage = hear;
    live.worker.onerror = (event) => complain(new Error(event.message || "The worker stopped."));
    live.files = filesOf(model);
    const opened = await ask("start", {wasm, files: live.files});
    live.config = opened.config;
    live.hasTokenizer = opened.has_tokenizer;
}

function runFrom({header, bytes, memory}) {
    live.memory = memory;
    return new Run({...header, config: live.config}, bytes);
}

// --- Asking ------------------------------------------------------------------------------------

async function promptTokens() {
    if (asked.kind === "ids") {
        const ids = (asked.question.match(/\d+/g) ?? []).map(Number);
        if (!ids.length) throw new Error("There are no ids: expected numbers, as 1 2 3.");
        return ids;
    }
    if (!asked.question) throw new Error("The prompt is empty: expected a text.");
    const answer = await ask(
        "prompt", {request: {kind: asked.kind, text: asked.question, effort: asked.effort}});
    return answer.tokens.map((token) => token.id);
}

async function generated(ids, edits, onText) {
    if (live.answering) live.worker.postMessage({do: "stop", before: live.answering});
    let text = "";
    live.answering = live.n + 1;
    const answer = await ask(
        "answer", {request: {ids, edits}, max_tokens: asked.kind === "chat" ? 200 : 24},
        (token) => onText(text += visibleAnswer(token)));
    live.answering = 0;
    return answer.tokens;
}
function visibleAnswer(token) {
    return token.special ? ` ${token.text} ` : token.bytes ? "\ufffd" : token.text;
}

// Asks, lets the model answer, and watches the whole of it once more. What was shown stays if that
// fails. Questions wait for each other: what is shown belongs to the last one.
let lastQuestion = Promise.resolve();
function askModel(question, values = {}) {
    lastQuestion = lastQuestion.then(() => busily(() => answerQuestion(question, values)));
    return lastQuestion;
}

async function answerQuestion({kind, question, effort}, values) {
    const before = {...asked};
    try {
        Object.assign(asked, {kind, question, effort});
        tell("reading …");
        const ids = await promptTokens();
        const tokens = await generated(ids, [], (text) => tell(text));
        const result = await ask(
            "run", {request: {ids: [...ids, ...tokens.map((token) => token.id)], edits: []}});
        runs.trained = runFrom(result);
        runs.changed = null;
        Object.assign(
            asked, {nPrompt: ids.length, answers: {trained: tokens.map(visibleAnswer).join("")}});
        byId("problem").hidden = true;
        tell(`${ids.length} tokens in, ${
            tokens.length} out; everything below was watched while it ran.`);
        set({token: firstLook(), edits: [], shown: "trained", expert: -1, ...values});
        if (state.edits.length) await setEdits(state.edits);
    } catch (error) {
        Object.assign(asked, before);
        complain(error);
    }
    fillForm();
}

// Where the eye begins: at the first "=" of the answer, else at its first token of text.
function firstLook() {
    const tokens = runs.trained.tokens,
          said = tokens.findIndex((token, t) => t >= asked.nPrompt && token.text === "=");
    return said >= 0 ? said : Math.min(tokens.length - 1, asked.nPrompt);
}

// --- Changes -----------------------------------------------------------------------------------

let latestEdits = 0;
async function setEdits(edits) {
    const number = ++latestEdits;
    set({edits, shown: edits.length ? state.shown : "trained"});
    asked.answers.changed = "";
    if (!edits.length) {
        runs.changed = null;
        redraw();
        return;
    }
    try {
        const begin = performance.now();
        const result =
            await ask("run", {request: {ids: runs.trained.tokens.map((token) => token.id), edits}});
        if (number !== latestEdits) return;  // another change came in between
        runs.changed = runFrom(result);
        live.lastEditTook = performance.now() - begin;
        byId("problem").hidden = true;
        redraw();
    } catch (error) {
        if (number === latestEdits) {
            runs.changed = null;
            state.edits = [];
        }
        complain(error);
    }
}

async function answerWithChanges() {
    if (!state.edits.length) return;
    const show = (text) => {
        asked.answers.changed = text;
        redraw();
    };
    try {
        await generated(
            runs.trained.tokens.slice(0, asked.nPrompt).map((token) => token.id), state.edits,
            show);
    } catch (error) {
        complain(error);
    }
}
