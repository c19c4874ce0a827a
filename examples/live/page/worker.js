// The worker: the library in WebAssembly, one request after the other. Stands behind what
// emscripten writes. A message {n, do, ...} is answered by {n, result}, with the numbers of a run
// as bytes, or {n, error}.

let library = null;
let stopped = 0;  // answers up to this message are to end

function call(name, request) {
    const text = typeof request === "string" ? request : JSON.stringify(request);
    const answer = JSON.parse(library.ccall(name, "string", ["string"], [text]));
    if (answer.error) throw new Error(answer.error);
    return answer;
}

const tasks = {
    async start({wasm, files}) {
        library = await createLive({wasmBinary: wasm, print() {}, printErr() {}});
        return tasks.open({files});
    },
    // A model's files go into the file system that is in memory, each model into a folder of its
    // own.
    open({files}) {
        const folder = `/model${Date.now()}`;
        library.FS.mkdir(folder);
        for (const [name, bytes] of Object.entries(files))
            library.FS.writeFile(`${folder}/${name}`, bytes);
        try {
            return call("live_open", folder);
        } finally {
            for (const name of Object.keys(files))
                library.FS.unlink(`${folder}/${name}`);  // it is mapped
            library.FS.rmdir(folder);
        }
    },
    prompt: ({request}) => call("live_prompt", request),
    run({request}) {
        const header = call("live_run", request);
        const begin = library._live_bytes();
        const bytes = library.HEAPU8.slice(begin, begin + library._live_n_bytes());
        return {header, bytes, memory: library.HEAPU8.length};
    },
    // Token after token, so that the page can show them and stop.
    async answer({n, request, max_tokens}) {
        call("live_begin", request);
        const tokens = [];
        let stop = false;
        while (!stop && tokens.length < max_tokens && stopped < n) {
            const next = call("live_next", "");
            tokens.push(next.token);
            stop = next.stop;
            postMessage({n, token: next.token});
            await breath();
        }
        return {tokens};
    },
};

// Lets a message in, as setTimeout would, but without its four milliseconds.
const channel = new MessageChannel();
let resume = () => {};
channel.port1.onmessage = () => resume();
function breath() {
    return new Promise((resolve) => {
        resume = resolve;
        channel.port2.postMessage(null);
    });
}

let queue = Promise.resolve();
onmessage = ({data}) => {
    if (data.do === "stop") {
        stopped = data.before;
        return;
    }
    queue = queue.then(async () => {
        try {
            const result = await tasks[data.do](data);
            postMessage({n: data.n, result}, result.bytes ? [result.bytes.buffer] : []);
        } catch (error) {
            postMessage({n: data.n, error: sentence(error)});
        }
    });
};

function sentence(error) {
    const text = String(error?.message ?? error);
    if (/memory|OOM|allocat/i.test(text))
        return "This needs more memory than the page has (32 bits).";
    return text;
}
