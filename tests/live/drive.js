// Drives the page's C functions in node: an answer token by token, the story of the sum with its
// changes, requests that are refused, and 200 values of a run against a native dump. With the
// sanitized module undefined behaviour ends it.
//
//     node drive.js build/live/live_sanitized.js examples/nano/model run.safetensors 1,2,3
//
// The dump is that of the ids at the end.
const assert = require("assert"), fs = require("fs"), path = require("path"), vm = require("vm");
const [program, model, dumpFile, idsText] = process.argv.slice(2);

// The page's own reading of a run.
const page = path.join(__dirname, "../../examples/live/page/run.js");
vm.runInThisContext(fs.readFileSync(page, "utf8") + "\nglobalThis.Run = Run;");

let library, config;

function call(name, request) {
    const text = typeof request === "string" ? request : JSON.stringify(request);
    return JSON.parse(library.ccall(name, "string", ["string"], [text]));
}
function good(name, request) {
    const answer = call(name, request);
    assert.ok(!answer.error, `${name}: ${answer.error}`);
    return answer;
}
function run(ids, edits = []) {
    const header = good("live_run", {ids, edits}), begin = library._live_bytes();
    const bytes = library.HEAPU8.slice(begin, begin + library._live_n_bytes());
    return new Run({...header, config}, bytes);
}

function answered(ids) {
    good("live_begin", {ids, edits: []});
    for (let stop = false; !stop;) {
        const next = good("live_next", "");
        ids = [...ids, next.token.id];
        stop = next.stop;
    }
    return ids;
}

// Notebook 01: heads 7 and 11 of layer 0 bring the 5 and the 7 to "=".
function story() {
    const request = {text: "What is 7 + 5?", kind: "chat", effort: "low"};
    const ids = answered(good("live_prompt", request).tokens.map((token) => token.id));
    const plain = run(ids);
    const at = plain.tokens.findIndex(
        (_, t) =>
            plain.tokens.slice(0, t + 1).map((token) => token.text).join("").endsWith("7+5="));
    const off = (head) => ({do: "head", layer: 0, head, token: at, factor: 0});
    const says = (...edits) => run(ids, edits).next(at)[0].text;
    assert.equal(plain.weight(0, 7, at, at - 1).toFixed(3), "0.990");
    assert.equal(plain.weight(0, 11, at, at - 3).toFixed(3), "0.961");
    assert.equal(plain.lens(4, at)[0].p.toFixed(3), "0.999");
    assert.deepEqual([says(), says(off(11)), says(off(7), off(11))], ["12", "11", "10"]);
    const expert = plain.experts(1, at)[0].expert;
    for (const edit
             of [{do: "sinks_off", layer: -1}, {do: "window_off", layer: 0},
                 {do: "close_expert", layer: 1, expert, token: -1},
                 {do: "force_expert", layer: 2, expert: 0, token: at},
                 {do: "residual", layer: 1, half: "mlp", token: at, from: at - 2}]) {
        const changed = run(ids, [edit]);
        assert.ok(changed.edited.length > 0, edit.do);
        const logits = (of) => of.array("logits").subarray(at * config.vocab_size);
        assert.notDeepEqual(logits(changed), logits(plain), edit.do);
    }
}

function refusals() {
    const ids = [1, 2, 3];
    for (const [name, request] of [
             ["live_open", "/nowhere"], ["live_prompt", {text: ""}], ["live_prompt", "{"],
             ["live_run", {ids: [], edits: []}], ["live_run", {ids: [-1], edits: []}],
             ["live_run", {ids: Array(401).fill(1), edits: []}],
             ["live_run", {ids, edits: [{do: "head", head: 99}]}],
             ["live_begin", {ids, edits: [{do: "nothing"}]}]])
        assert.ok(call(name, request).error, `${name} ${JSON.stringify(request).slice(0, 60)}`);
}

function readouts(count) {
    const data = fs.readFileSync(dumpFile), nHeader = Number(data.readBigUInt64LE(0));
    const header = JSON.parse(data.subarray(8, 8 + nHeader).toString());
    const names = Object.keys(header).filter(
        (name) => name !== "__metadata__" && !/attn\.(scores|weights)$/.test(name));
    const ours = run(idsText.split(",").map(Number));
    for (let i = 0, random = 1; i < count; ++i) {
        random = (random * 48271) % 2147483647;
        const name = names[random % names.length], {shape, dtype, data_offsets} = header[name];
        const place = random % shape.reduce((a, b) => a * b, 1),
              at = 8 + nHeader + data_offsets[0] + 4 * place;
        const value = dtype === "I32" ? data.readInt32LE(at) : data.readFloatLE(at);
        assert.equal(ours.array(name)[place], value, `${name}[${place}]`);
    }
}

async function main() {
    library =
        await require(path.resolve(program))({print() {}, printErr: (line) => console.error(line)});
    library.FS.mkdir("/model");
    for (const name of fs.readdirSync(model))
        library.FS.writeFile(`/model/${name}`, fs.readFileSync(path.join(model, name)));
    config = good("live_open", "/model").config;
    story();
    refusals();
    readouts(200);
    console.log(`${path.basename(program)}: the story, its changes, what is refused, 200 values`);
}
main().catch((error) => {
    console.error(error);
    process.exit(1);
});
